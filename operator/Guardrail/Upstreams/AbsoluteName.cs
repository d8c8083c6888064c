using System.Net;
using System.Net.Sockets;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// The name that is asked of the resolver for a host that a key is sent to. A pod's resolver tries its search domains first, and the first
/// of these is the namespace of the agent's author: "openrouter.ai" would be asked for as "openrouter.ai.shop.svc.cluster.local", which is
/// a pod "openrouter" behind a Service "ai" of that namespace. With a dot at its end a name is asked for as it is.
/// </summary>
internal static class AbsoluteName
{
    /// <summary>
    /// The name with a dot at its end, unless it is an address, a name without a dot, or the name of a Service, which ends in ".svc" or has
    /// ".svc." in it.
    /// </summary>
    public static string Of(string host) =>
        host.EndsWith('.')
        || !host.Contains('.', StringComparison.Ordinal)
        || IPAddress.TryParse(host, out _)
        || host.EndsWith(".svc", StringComparison.OrdinalIgnoreCase)
        || host.Contains(".svc.", StringComparison.OrdinalIgnoreCase)
            ? host
            : host + ".";

    /// <summary>Connects as the handler does it itself, but for the name that is asked for.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(Of(context.DnsEndPoint.Host), context.DnsEndPoint.Port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
