using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// An HTTP proxy: tunnels (CONNECT) and forwards, to one port of 127.0.0.1 whatever the name is. Keeps what it was asked.
/// </summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private const int LongestHead = 64 * 1024;
    private readonly ConcurrentQueue<string> heads = new();
    private readonly int target;
    private readonly int? refusal;
    private readonly LoopbackListener listener;

    /// <param name="target">The port behind it.</param>
    /// <param name="refusal">The status that it answers everything with.</param>
    public TestProxy(int target, int? refusal = null)
    {
        (this.target, this.refusal) = (target, refusal);
        listener = new LoopbackListener(ServeAsync);
    }

    public string Url => $"http://127.0.0.1:{listener.Port}";

    /// <summary>The first line and the headers of each request, as they came.</summary>
    public IReadOnlyCollection<string> Heads => heads;

    public IEnumerable<string> Lines => heads.Select(head => head[..head.IndexOf('\r', StringComparison.Ordinal)]);

    public ValueTask DisposeAsync() => listener.DisposeAsync();

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        using var server = new TcpClient();
        var from = client.GetStream();
        var (head, more) = await ReadHeadAsync(from, cancellationToken);
        heads.Enqueue(head);
        if (refusal is { } status)
        {
            await from.WriteAsync(
                Encoding.ASCII.GetBytes($"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                cancellationToken
            );
            return;
        }
        await server.ConnectAsync(IPAddress.Loopback, target, cancellationToken);
        var to = server.GetStream();
        if (head.StartsWith("CONNECT ", StringComparison.Ordinal))
            await from.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken);
        else
            await to.WriteAsync(Encoding.ASCII.GetBytes(Origin(head)), cancellationToken);
        await to.WriteAsync(more, cancellationToken);
        await Task.WhenAny(from.CopyToAsync(to, cancellationToken), to.CopyToAsync(from, cancellationToken));
    }

    private static async Task<(string Head, byte[] More)> ReadHeadAsync(NetworkStream from, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestHead];
        var length = 0;
        while (true)
        {
            var read = await from.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
                throw new IOException("no request");
            length += read;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
                return (Encoding.ASCII.GetString(buffer, 0, end + 4), buffer[(end + 4)..length]);
        }
    }

    /// <summary>What the server behind it is asked: the path alone, and one request for each connection.</summary>
    private static string Origin(string head)
    {
        var line = head[..head.IndexOf('\r', StringComparison.Ordinal)].Split(' ');
        return $"{line[0]} {new Uri(line[1]).PathAndQuery} {line[2]}\r\nConnection: "
            + $"close{head[head.IndexOf("\r\n", StringComparison.Ordinal)..]}";
    }
}
