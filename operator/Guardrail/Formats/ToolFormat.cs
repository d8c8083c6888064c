namespace AgentReadiness.Guardrail.Formats;

/// <summary>Calls of tools: nothing is billed, everything passes to the declared URL, within the limits of the run.</summary>
internal abstract class ToolFormat : WireFormat
{
    /// <inheritdoc/>
    public override bool IsTool => true;

    /// <inheritdoc/>
    public override MeteredRequest? Read(in UpstreamEndpoint endpoint, ReadOnlySpan<byte> body, WireFacts facts, out ApiError? error) =>
        throw new InvalidOperationException("a tool's call has no price");

    /// <inheritdoc/>
    public override (string Name, string Prefix) KeyHeader(bool azure) => ("Authorization", "Bearer ");
}
