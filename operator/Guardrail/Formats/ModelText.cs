namespace AgentReadiness.Guardrail.Formats;

/// <summary>A text of a model request that comes from somebody else than the agent.</summary>
/// <param name="IsToolResult">It is what a tool or a search found; otherwise it is what a user said.</param>
/// <param name="Parts">Where its strings stand in the body, with their quotation marks.</param>
internal readonly record struct ModelText(bool IsToolResult, IReadOnlyList<Range> Parts);
