namespace AgentReadiness.Controller.EvalRuns;

/// <summary>What follows from an observation.</summary>
/// <param name="Action">What to do.</param>
/// <param name="RequeueAfter">When time alone changes the decision; null: never.</param>
internal sealed record EvalRunDecision(EvalRunAction Action, TimeSpan? RequeueAfter = null)
{
    /// <summary>The certificates that the judge's guardrail is to trust from now on; null: it has them, or there is none.</summary>
    public string? SetTrustBundle { get; init; }
}
