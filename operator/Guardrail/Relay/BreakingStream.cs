namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// A stream that breaks off after it has begun: in the middle where its length is known, else in the middle of what comes first.
/// </summary>
/// <param name="inner">The whole.</param>
/// <param name="length">Its length, bytes, where known.</param>
/// <param name="breaks">Is told once, when it breaks off.</param>
internal sealed class BreakingStream(Stream inner, long? length, Action breaks) : ReadOnlyStream
{
    private long? left = length / 2;
    private bool isBroken;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (left == 0)
            throw Break();
        var most = left is { } some && some < buffer.Length ? (int)some : buffer.Length;
        var read = await inner.ReadAsync(buffer[..most], cancellationToken);
        if (read == 0)
            throw Break();
        if (left is { } rest)
        {
            left = rest - read;
            return read;
        }
        left = 0;
        return Math.Max(1, read / 2);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // As the library tells of a connection that was cut.
    private HttpIOException Break()
    {
        if (!isBroken)
            breaks();
        isBroken = true;
        return new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
    }
}
