using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Passes a model's answer on, and reads its usage when all of it has come.</summary>
/// <param name="facts">Takes what the answer says.</param>
/// <param name="coding">How it is coded: see <see cref="ContentCoding.Of"/>.</param>
/// <param name="memory">Where the copy of the answer is taken from.</param>
/// <param name="watch">Looks at it, too; null: nobody does.</param>
internal sealed class UsageBodyTap(ResponseFacts facts, string? coding, BodyMemory memory, IAnswerWatch? watch = null) : RelayTap
{
    /// <summary>The longest answer of known length that is read whole before it goes on, bytes.</summary>
    public const int LongestWhole = 256 * 1024;

    private CapturedAnswer? copy;
    private ReadOnlyMemory<byte> next;

    /// <inheritdoc/>
    public override bool FlushesEach => true;

    /// <inheritdoc/>
    public override int MostWhole => LongestWhole;

    /// <inheritdoc/>
    public override bool EndsLong => copy?.Bytes?.Length > AnswerRelay.LongText;

    /// <inheritdoc/>
    public override void Whole(ReadOnlyMemory<byte> answer) => AnswerReader.Read(answer, coding, facts, watch);

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        copy ??= new CapturedAnswer(memory);
        copy.Append(piece.Span);
        next = piece;
    }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        bytes = next;
        next = default;
        return bytes.Length > 0;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        if (copy?.Bytes is { } bytes)
            AnswerReader.Read(bytes, coding, facts, watch);
        else if (copy is not null)
            watch?.Skip(ToolVerdict.TooLong);
        return default;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        copy?.Dispose();
        base.Dispose();
    }
}
