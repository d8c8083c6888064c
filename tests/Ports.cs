using System.Net;
using System.Net.Sockets;

namespace AgentReadiness.Testing;

/// <summary>Ports of this machine.</summary>
internal static class Ports
{
    // Below what Linux gives to outgoing connections (32768 and up): between the choice of a port and its use, none of the many connections
    // that tests open can take it.
    private const int First = 17_000;
    private const int Count = 13_000;
    private static readonly List<Socket> Claims = [];
    private static int last = Environment.ProcessId * 97;

    /// <summary>
    /// A port of 127.0.0.1 that nobody listens on, and that no other caller gets, in this process or another, while this one lives.
    /// </summary>
    public static int Free()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + ((Interlocked.Increment(ref last) & int.MaxValue) % Count);
            if (!TryClaim(port))
                continue;
            using var listener = new TcpListener(IPAddress.Any, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's, who knows nothing of claims.
            }
        }
        throw new InvalidOperationException($"no port between {First} and {First + Count} is free");
    }

    /// <summary>A socket of an abstract name is one process's at a time, and goes with it, however it ends.</summary>
    private static bool TryClaim(int port)
    {
        var claim = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint($"\0agent-readiness-tests-port-{port}"));
        }
        catch (SocketException)
        {
            claim.Dispose();
            return false;
        }
        lock (Claims)
            Claims.Add(claim);
        return true;
    }
}
