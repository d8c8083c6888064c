using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals;

/// <summary>The bar of one suite.</summary>
/// <param name="MinScore">0 to 1.</param>
/// <param name="Confidence">Of the one-sided bounds, 0.5 to below 1.</param>
/// <param name="MinCases">Fewer cases prove nothing.</param>
public sealed record Thresholds(double MinScore, double Confidence, int MinCases);

/// <summary>What the evidence says.</summary>
/// <param name="Phase">Passed, Failed, Inconclusive or Error.</param>
/// <param name="Reason">One stable word.</param>
/// <param name="Message">For people: value and threshold.</param>
/// <param name="Score">The share of cases that passed; null where nothing was measured.</param>
/// <param name="Lower">One-sided lower bound of the pass rate.</param>
/// <param name="Upper">One-sided upper bound of the pass rate.</param>
public sealed record VerdictResult(EvalPhase Phase, string Reason, string Message, double? Score, double? Lower, double? Upper)
{
    /// <summary>
    /// The first fault of a case, in the tool's words, for those who may see the held-out set: it may quote a question or an answer.
    /// </summary>
    public string? Fault { get; init; }
}
