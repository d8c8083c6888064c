namespace AgentReadiness.Guardrail.Screening;

/// <summary>A rule that a text meets.</summary>
/// <param name="RuleId">The rule.</param>
/// <param name="Family">Its family.</param>
/// <param name="Score">What it is worth.</param>
/// <param name="Start">Where in the text as it came.</param>
/// <param name="Length">How long that is there; of what was encoded, the encoded text.</param>
/// <param name="Layer">What had to be undone to read it; null: nothing.</param>
internal sealed record Finding(string RuleId, string Family, double Score, int Start, int Length, string? Layer);
