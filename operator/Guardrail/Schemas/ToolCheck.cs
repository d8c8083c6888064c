namespace AgentReadiness.Guardrail.Schemas;

/// <summary>What a check of a tool call found.</summary>
/// <param name="Verdict">Whether it fits.</param>
/// <param name="Place">Where it does not, such as <c>arguments.limit</c>; empty where that says nothing.</param>
/// <param name="Expected">What is expected there, as the rest of a sentence that begins with the place; empty likewise.</param>
internal readonly record struct ToolCheck(ToolVerdict Verdict, string Place = "", string Expected = "")
{
    /// <summary>What is wrong, in a plain sentence that a model can act on.</summary>
    public string Sentence(string tool) =>
        Verdict switch
        {
            ToolVerdict.UnknownTool => $"There is no tool \"{tool}\". Call one of the tools that are listed.",
            ToolVerdict.NotJson => $"The arguments of the tool \"{tool}\" cannot be read: {Place} {Expected}. Correct that and call again.",
            ToolVerdict.NoList =>
                $"Whether a call of the tool \"{tool}\" is right is not known before its list of tools was read. List the "
                    + "tools and call again.",
            var verdict when verdict.IsUnchecked() =>
                $"Whether a call of the tool \"{tool}\" is right cannot be checked ({verdict}), and such calls are refused here.",
            _ => $"The arguments of the tool \"{tool}\" do not fit its schema: {Place} {Expected}. Correct that and call again.",
        };
}
