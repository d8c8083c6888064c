using System.Buffers;
using System.Net;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// A body of the agent that is streamed through to the upstream. It is known how far it is, and whether the agent broke it: neither says
/// anything about the upstream. It can be sent once.
/// </summary>
/// <param name="body">The body of the agent's request.</param>
/// <param name="time">The clock.</param>
internal sealed class UploadContent(Stream body, TimeProvider time) : HttpContent
{
    private const int BufferSize = 16 * 1024;
    private const long NotYet = long.MinValue;

    private long endedAt = NotYet;
    private int sent;
    private volatile bool isBroken;
    private volatile bool isWaiting;

    /// <summary>The agent did not send what it began: the body is cut short, or not framed as HTTP says.</summary>
    public bool IsBroken => isBroken;

    /// <summary>The next piece is the agent's to send.</summary>
    public bool IsWaiting => isWaiting;

    /// <summary>It has begun to be sent.</summary>
    public bool HasBegun => Volatile.Read(ref sent) > 0;

    /// <summary>For how long the upstream has had the whole body; nothing while it has not.</summary>
    public TimeSpan SinceEnd => Interlocked.Read(ref endedAt) is not NotYet and var at ? time.GetElapsedTime(at) : TimeSpan.Zero;

    /// <summary>Whether a failure is the agent's: it broke its body, or the time ran out while the agent was waited for.</summary>
    public bool IsAtFault(UpstreamFault fault) => IsBroken || (fault == UpstreamFault.Timeout && IsWaiting);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref sent) > 1)
            throw new IOException("a body that is streamed is sent once");
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (await NextAsync(buffer, cancellationToken) is > 0 and var read)
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        Interlocked.Exchange(ref endedAt, time.GetTimestamp());
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async ValueTask<int> NextAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        isWaiting = true;
        int read;
        try
        {
            read = await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            isBroken = true;
            throw;
        }
        // Not where it was called off meanwhile: then it was the agent that was waited for.
        isWaiting = false;
        return read;
    }
}
