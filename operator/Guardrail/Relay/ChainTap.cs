namespace AgentReadiness.Guardrail.Relay;

/// <summary>Two taps, one behind the other: what the first hands out is given to the second.</summary>
internal sealed class ChainTap(RelayTap first, RelayTap second) : RelayTap
{
    /// <inheritdoc/>
    public override bool IsStream => second.IsStream;

    /// <inheritdoc/>
    public override bool MayChange => first.MayChange || second.MayChange;

    /// <inheritdoc/>
    public override bool HoldsHeaders => first.HoldsHeaders || second.HoldsHeaders;

    /// <inheritdoc/>
    public override string? Undoes => first.Undoes ?? second.Undoes;

    /// <inheritdoc/>
    public override bool EndsLong => first.EndsLong || second.EndsLong;

    /// <inheritdoc/>
    public override string? Cut => second.Cut;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => second.CutTail;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece) => first.Append(piece);

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        // What the first hands out holds until it is asked again, and by then the second has let go of it.
        while (!second.TryTake(out bytes))
        {
            if (!first.TryTake(out var next))
                return false;
            second.Append(next);
        }
        return true;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        second.Append(first.End());
        var rest = new List<byte>();
        while (second.TryTake(out var bytes))
        {
            if (second.Cut is not null)
                return second.CutTail;
            rest.AddRange(bytes.Span);
        }
        var last = second.End();
        return rest.Count == 0 ? last : (byte[])[.. rest, .. last.Span];
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        first.Dispose();
        second.Dispose();
        base.Dispose();
    }
}
