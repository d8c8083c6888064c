using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Passes the answer to a call with side effects on as it comes and keeps a copy of it. In a stream it looks at each event when that is
/// whole: what the call waits for may be there long before the stream ends.
/// </summary>
/// <param name="inner">Looks at it first, and what it hands out is what the agent gets and what is kept; null: nothing does.</param>
/// <param name="stream">The answer is a stream of events.</param>
/// <param name="coding">How the answer is coded, and is undone; null: not at all, or not to be undone.</param>
/// <param name="memory">Where the copy is taken from.</param>
/// <param name="look">Is given whole events; true once the answer was among them.</param>
internal sealed class EffectTap(RelayTap? inner, bool stream, string? coding, BodyMemory memory, Func<ReadOnlyMemory<byte>, bool> look)
    : RelayTap
{
    private readonly CapturedAnswer copy = new(memory);
    private readonly EventCutter cutter = new();
    private ReadOnlyMemory<byte> next;
    private int seen;
    private int looked;
    private bool found;
    private bool ended;

    /// <inheritdoc/>
    public override bool IsStream => stream;

    /// <inheritdoc/>
    public override bool MayChange => inner?.MayChange == true;

    /// <inheritdoc/>
    public override bool HoldsHeaders => inner?.HoldsHeaders == true;

    /// <inheritdoc/>
    public override bool EndsLong => inner?.EndsLong == true;

    /// <inheritdoc/>
    public override string? Undoes => inner?.Undoes ?? coding;

    /// <inheritdoc/>
    public override bool IsComplete => found;

    /// <inheritdoc/>
    public override string? Cut => inner?.Cut;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => inner?.CutTail ?? default;

    /// <summary>The copy of the whole answer; null where it was too long, or has not ended.</summary>
    public override ReadOnlyMemory<byte>? Copy => ended ? copy.Bytes : null;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        if (inner is null)
            next = piece;
        else
            inner.Append(piece);
    }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        if (inner is null)
            (bytes, next) = (next, default);
        else if (!inner.TryTake(out bytes))
            return false;
        See(bytes);
        return inner is not null || bytes.Length > 0;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        var last = inner?.End() ?? default;
        See(last);
        ended = true;
        return last;
    }

    private void See(ReadOnlyMemory<byte> bytes)
    {
        if (found || bytes.Length == 0)
            return;
        copy.Append(bytes.Span);
        if (!stream)
            return;
        // An event that the pieces cut in two is looked at when its end has come.
        var rest = bytes.Span;
        var end = seen;
        while (cutter.Next(rest) is >= 0 and var length)
        {
            rest = rest[length..];
            end += length;
            if (copy.Bytes is not { } soFar)
                return;
            found = look(soFar[looked..end]);
            looked = end;
            if (found)
            {
                // What follows is nothing that anybody waits for.
                copy.Dispose();
                return;
            }
        }
        seen += bytes.Length;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        inner?.Dispose();
        copy.Dispose();
        base.Dispose();
    }
}
