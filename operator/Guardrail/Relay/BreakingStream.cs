namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// A stream that breaks off after it has begun: in the middle where its length is known, else in the middle of the second piece that comes,
/// or of the first where there is no other.
/// </summary>
/// <param name="inner">The whole.</param>
/// <param name="length">Its length, bytes, where known.</param>
/// <param name="time">The clock.</param>
/// <param name="breaks">Is told once, when it breaks off.</param>
internal sealed class BreakingStream(Stream inner, long? length, TimeProvider time, Action breaks) : ReadOnlyStream
{
    private const int PieceSize = 16 * 1024;

    // As long as a connection needs to send on what came before it broke.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private long? left = length / 2;
    private ReadOnlyMemory<byte>? ready;
    private bool isBroken;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (left is { } rest)
        {
            var read = rest == 0 ? 0 : await inner.ReadAsync(buffer[..(int)Math.Min(rest, buffer.Length)], cancellationToken);
            if (read == 0)
                throw await BreakAsync(cancellationToken);
            left = rest - read;
            return read;
        }
        var piece = ready ?? await BeginAsync(cancellationToken);
        if (piece.IsEmpty)
            throw await BreakAsync(cancellationToken);
        var some = Math.Min(piece.Length, buffer.Length);
        piece[..some].CopyTo(buffer);
        ready = piece[some..];
        return some;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<ReadOnlyMemory<byte>> BeginAsync(CancellationToken cancellationToken)
    {
        var begin = new byte[2 * PieceSize];
        var first = await inner.ReadAsync(begin.AsMemory(0, PieceSize), cancellationToken);
        if (first == 0)
            return default;
        var second = await inner.ReadAsync(begin.AsMemory(first, PieceSize), cancellationToken);
        return begin.AsMemory(0, second == 0 ? Math.Max(1, first / 2) : first + (second / 2));
    }

    // As the library tells of a connection that was cut.
    private async ValueTask<HttpIOException> BreakAsync(CancellationToken cancellationToken)
    {
        if (!isBroken)
            breaks();
        isBroken = true;
        await Task.Delay(Pause, time, cancellationToken);
        return new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
    }
}
