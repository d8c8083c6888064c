using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// A provider that says of its first request that it has not begun it, by RST_STREAM with REFUSED_STREAM or by GOAWAY, as a server does
/// that is about to close a connection (RFC 9113, 8.7); later ones it answers. Written out in frames, because no server does that when
/// told.
/// </summary>
internal sealed class RefusingHttp2Provider : IAsyncDisposable
{
    public const string Answer =
        """{"id":"c1","model":"gpt-5.4-mini","choices":[{"index":0,"message":{"role":"assistant","content":"ok"}"""
        + ""","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}""";

    private const byte Data = 0,
        Headers = 1,
        Reset = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7;
    private const byte EndStream = 1,
        Acknowledged = 1,
        EndHeaders = 4;
    private const int Refused = 7;
    private const int PrefaceLength = 24;

    private readonly ConcurrentQueue<byte[]> bodies = new();
    private readonly X509Certificate2 certificate;
    private readonly bool goAway;
    private readonly LoopbackListener listener;

    public RefusingHttp2Provider(X509Certificate2 certificate, bool goAway)
    {
        (this.certificate, this.goAway) = (certificate, goAway);
        listener = new LoopbackListener(ServeAsync);
    }

    public int Port => listener.Port;

    /// <summary>The bodies of all requests, refused ones too.</summary>
    public IReadOnlyList<byte[]> Bodies => [.. bodies];

    public ValueTask DisposeAsync() => listener.DisposeAsync();

    private async Task ServeAsync(TcpClient client, CancellationToken cancellationToken)
    {
        await using var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = certificate, ApplicationProtocols = [SslApplicationProtocol.Http2] },
            cancellationToken
        );
        await stream.ReadExactlyAsync(new byte[PrefaceLength], cancellationToken);
        await WriteAsync(stream, Settings, 0, 0, []);
        var head = new byte[9];
        var body = new MemoryStream();
        while (true)
        {
            await stream.ReadExactlyAsync(head, cancellationToken);
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            var (type, flags, id) = (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)));
            if (type is Settings or Ping && (flags & Acknowledged) == 0)
                await WriteAsync(stream, type, Acknowledged, 0, type == Ping ? payload : []);
            if (type == Data)
                body.Write(payload);
            if (type is Data or Headers && (flags & EndStream) != 0)
            {
                bodies.Enqueue(body.ToArray());
                body = new MemoryStream();
                await AnswerAsync(stream, id);
            }
        }
    }

    private async Task AnswerAsync(SslStream stream, int id)
    {
        if (bodies.Count == 1)
        {
            // GOAWAY: the last stream that was begun, none; no error. RST_STREAM: its error.
            await (goAway ? WriteAsync(stream, GoAway, 0, 0, new byte[8]) : WriteAsync(stream, Reset, 0, id, [0, 0, 0, Refused]));
            return;
        }
        // HPACK: 0x88 is ":status: 200"; 0x0f 0x10 a value for "content-type" that is not indexed (RFC 7541, appendix A).
        var type = "application/json"u8.ToArray();
        await WriteAsync(stream, Headers, EndHeaders, id, [0x88, 0x0f, 0x10, (byte)type.Length, .. type]);
        await WriteAsync(stream, Data, EndStream, id, Encoding.UTF8.GetBytes(Answer));
    }

    private static async Task WriteAsync(SslStream stream, byte type, byte flags, int id, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        (frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame, 9);
        await stream.WriteAsync(frame);
    }
}
