using System.Net.Sockets;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>An upstream that answers each request with bytes as they are given, and keeps what it was sent, byte for byte.</summary>
internal sealed class RawUpstream : IAsyncDisposable
{
    private readonly LoopbackListener listener;
    private readonly Func<string, byte[]> answer;

    /// <param name="answer">
    /// From the request, each byte one character, to the bytes of the answer; the connection is closed after it.
    /// </param>
    /// <param name="port">The port; 0: any that is free.</param>
    public RawUpstream(Func<string, byte[]> answer, int port = 0)
    {
        this.answer = answer;
        listener = new LoopbackListener(ServeAsync, port);
    }

    public int Port => listener.Port;

    /// <summary>The requests so far, head and body.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>An answer of JSON or of events.</summary>
    public static byte[] Answer(string head, string body) =>
        Encoding
            .Latin1.GetBytes($"HTTP/1.1 200 OK\r\n{head}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n")
            .Concat(Encoding.UTF8.GetBytes(body))
            .ToArray();

    public ValueTask DisposeAsync() => listener.DisposeAsync();

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        var stream = client.GetStream();
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!IsWhole(text.ToString()))
        {
            var read = await stream.ReadAsync(buffer, cancellationToken);
            if (read == 0)
                return;
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        lock (Requests)
            Requests.Add(text.ToString());
        await stream.WriteAsync(Closing(answer(text.ToString())), cancellationToken);
        client.Client.Shutdown(SocketShutdown.Send);
        // Until the other side has read it and goes.
        while (await stream.ReadAsync(buffer, cancellationToken) > 0) { }
    }

    /// <summary>The answer says that the connection ends: nobody must send another request on it.</summary>
    private static byte[] Closing(byte[] answer)
    {
        var end = answer.AsSpan().IndexOf("\r\n"u8);
        return answer.AsSpan().StartsWith("HTTP/1.1 "u8) ? [.. answer[..end], .. "\r\nConnection: close"u8, .. answer[end..]] : answer;
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return false;
        var at = text.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0 || at > end)
            return true;
        var length = int.Parse(text[(at + 16)..text.IndexOf('\r', at)], System.Globalization.CultureInfo.InvariantCulture);
        return text.Length >= end + 4 + length;
    }
}
