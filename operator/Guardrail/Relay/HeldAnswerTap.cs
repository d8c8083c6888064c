namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Holds a model's answer, headers and all, until it was read whole, so that it can be refused or marked by a header. Of one that is longer
/// than what is held, everything goes on as it comes.
/// </summary>
/// <param name="inner">Reads it.</param>
/// <param name="isRefused">Whether it is refused, asked when all of it has come.</param>
/// <param name="memory">Where what is held is taken from.</param>
internal sealed class HeldAnswerTap(RelayTap inner, Func<bool> isRefused, BodyMemory memory) : RelayTap
{
    private readonly CapturedAnswer held = new(memory);
    private readonly Queue<ReadOnlyMemory<byte>> next = new();
    private bool isPassing;

    /// <inheritdoc/>
    public override bool HoldsHeaders => true;

    /// <inheritdoc/>
    public override bool FlushesEach => true;

    /// <inheritdoc/>
    public override bool EndsLong => inner.EndsLong;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        inner.Append(piece);
        while (inner.TryTake(out _)) { }
        if (isPassing)
        {
            next.Enqueue(piece);
            return;
        }
        // What it holds is lost where it gives up: so it is asked first.
        if (held.CanAppend(piece.Length))
        {
            held.Append(piece.Span);
            return;
        }
        isPassing = true;
        if (held.Bytes is { Length: > 0 } before)
            next.Enqueue(before.ToArray());
        held.Dispose();
        next.Enqueue(piece);
    }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes) => next.TryDequeue(out bytes);

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        inner.End();
        return isPassing || isRefused() ? default : held.Bytes ?? default;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        inner.Dispose();
        held.Dispose();
        base.Dispose();
    }
}
