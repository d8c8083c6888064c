namespace AgentReadiness.Guardrail.Admission;

/// <summary>What screening says of a model request.</summary>
/// <param name="Blocks">Why it is refused; null: it is not.</param>
internal sealed record ScreenedRequest(string? Blocks);
