namespace AgentReadiness.Guardrail.Relay;

/// <summary>Passes an answer on as it comes, and keeps a copy of one that is not too long where it is to be read later.</summary>
/// <param name="stream">The answer is a stream.</param>
/// <param name="longestCopy">The longest answer that a copy is kept of, bytes; 0: none is kept.</param>
internal sealed class CopyTap(bool stream, int longestCopy) : RelayTap
{
    private MemoryStream? copy = longestCopy > 0 ? new MemoryStream() : null;
    private ReadOnlyMemory<byte> next;
    private bool ended;

    /// <inheritdoc/>
    public override bool IsStream => stream;

    /// <summary>The copy of the whole answer; null where it was too long, or has not ended.</summary>
    public ReadOnlyMemory<byte>? Copy => ended && copy is not null ? copy.GetBuffer().AsMemory(0, (int)copy.Length) : null;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        if (copy is not null && copy.Length + piece.Length > longestCopy)
            copy = null;
        copy?.Write(piece.Span);
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
}
