namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>What a tool answered to a call that it did.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Headers">Those of its headers that are given again, a line each.</param>
/// <param name="Body">The answer, of MCP the member "result"; null where it was too long to keep.</param>
internal sealed record EffectResult(int Status, string Headers, byte[]? Body)
{
    /// <summary>The longest answer that is kept, bytes.</summary>
    public const int LongestBody = 64 * 1024;

    /// <summary>The same without what is only given again with its body.</summary>
    public EffectResult WithoutBody => this with { Headers = "", Body = null };
}
