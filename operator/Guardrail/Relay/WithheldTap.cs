namespace AgentReadiness.Guardrail.Relay;

/// <summary>Lets nothing of an answer through, and says something else instead.</summary>
/// <param name="instead">What the agent gets.</param>
internal sealed class WithheldTap(ReadOnlyMemory<byte> instead) : RelayTap
{
    /// <inheritdoc/>
    public override bool MayChange => true;

    /// <inheritdoc/>
    public override bool HoldsHeaders => true;

    /// <inheritdoc/>
    public override string? Cut => "it is withheld";

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => instead;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece) { }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        return true;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End() => instead;
}
