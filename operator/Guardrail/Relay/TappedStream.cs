namespace AgentReadiness.Guardrail.Relay;

/// <summary>What a tap makes of a stream, as a stream.</summary>
internal sealed class TappedStream(Stream inner, RelayTap tap) : ReadOnlyStream
{
    private readonly byte[] buffer = new byte[16 * 1024];
    private ReadOnlyMemory<byte> ready;
    private bool hasEnded;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancellationToken = default)
    {
        while (ready.IsEmpty)
        {
            if (hasEnded)
                return 0;
            if (tap.TryTake(out ready))
                continue;
            var read = await inner.ReadAsync(buffer, cancellationToken);
            hasEnded = read == 0;
            if (hasEnded)
                ready = tap.End();
            else
                tap.Append(buffer.AsMemory(0, read));
        }
        var count = Math.Min(ready.Length, into.Length);
        ready[..count].CopyTo(into);
        ready = ready[count..];
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            tap.Dispose();
        }
        base.Dispose(disposing);
    }
}
