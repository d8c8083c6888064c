namespace AgentReadiness.Guardrail.Relay;

/// <summary>Passes an answer on as it comes, and keeps a copy of it where it is to be read later.</summary>
/// <param name="stream">The answer is a stream.</param>
/// <param name="memory">Where a copy is taken from; null: none is kept.</param>
internal sealed class CopyTap(bool stream, BodyMemory? memory) : RelayTap
{
    private readonly CapturedAnswer? copy = memory is null ? null : new CapturedAnswer(memory);
    private ReadOnlyMemory<byte> next;
    private bool ended;

    /// <inheritdoc/>
    public override bool IsStream => stream;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte>? Copy => ended ? copy?.Bytes : null;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        copy?.Append(piece.Span);
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
        ended = true;
        return default;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        copy?.Dispose();
        base.Dispose();
    }
}
