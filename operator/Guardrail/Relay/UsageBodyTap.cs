using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Passes a model's answer on, and reads its usage when all of it has come.</summary>
/// <param name="facts">Takes what the answer says.</param>
/// <param name="encoding">Its Content-Encoding; null where there is none.</param>
internal sealed class UsageBodyTap(ResponseFacts facts, string? encoding) : RelayTap
{
    private MemoryStream? copy;
    private bool tooLong;
    private ReadOnlyMemory<byte> next;

    /// <inheritdoc/>
    public override bool FlushesEach => true;

    /// <inheritdoc/>
    public override int MostWhole => 256 * 1024;

    /// <inheritdoc/>
    public override bool EndsLong => !tooLong && copy?.Length > AnswerRelay.LongText;

    /// <inheritdoc/>
    public override void Whole(ReadOnlyMemory<byte> answer) => AnswerReader.Read(answer, encoding, facts);

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        copy ??= new MemoryStream();
        tooLong = tooLong || copy.Length + piece.Length > AnswerReader.LongestCapture;
        if (!tooLong)
            copy.Write(piece.Span);
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
        if (copy is not null && !tooLong)
            AnswerReader.Read(copy.GetBuffer().AsMemory(0, (int)copy.Length), encoding, facts);
        return default;
    }
}
