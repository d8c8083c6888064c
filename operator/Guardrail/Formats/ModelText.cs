namespace AgentReadiness.Guardrail.Formats;

/// <summary>A text of a model request that comes from somebody else than the agent.</summary>
/// <param name="IsToolResult">It is what a tool or a search found; otherwise it is what a user said.</param>
/// <param name="Parts">Where its strings stand in the body, with their quotation marks.</param>
/// <param name="Marks">Those of them that a tool wrote, and that a mark may be put into. None of what a user said.</param>
internal readonly record struct ModelText(bool IsToolResult, IReadOnlyList<Range> Parts, IReadOnlyList<Range> Marks)
{
    /// <summary>A text of a user.</summary>
    public static ModelText OfUser(Range at) => new(false, [at], []);
}
