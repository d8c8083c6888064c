using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A requirement, the run that speaks for it, and what is still to be done.</summary>
/// <param name="Index">Position in spec.evals.</param>
/// <param name="Requirement">The requirement.</param>
/// <param name="SuiteNamespace">The suite's namespace.</param>
/// <param name="SuiteDigest">Digest of the suite and its cases.</param>
/// <param name="Identity">Names the measurement: agent, revision, suite, its cases and the bar.</param>
/// <param name="Latest">The latest attempt of exactly this measurement, or null.</param>
/// <param name="Attempts">How often it was tried and may be tried.</param>
internal sealed record EvalStep(
    int Index,
    EvalRequirement Requirement,
    string SuiteNamespace,
    string SuiteDigest,
    string Identity,
    EvalRun? Latest,
    EvalAttempts Attempts
)
{
    public string Suite => $"{SuiteNamespace}/{Requirement.Suite.Name}";

    public EvalPhase Phase => Latest?.Status?.Phase ?? EvalPhase.Pending;

    /// <summary>Why a run that is not over does not go on, as its reason; empty where it does.</summary>
    public string Why => Latest is { IsOver: false, Status.Reason: { Length: > 0 } reason } ? $" ({reason})" : string.Empty;

    public bool Passed => Phase == EvalPhase.Passed;

    public bool Blocked => Ended && !RoundIsNew;

    /// <summary>The attempt to create now, or null where one is there that is not over.</summary>
    public int? NextAttempt =>
        Latest is null ? 1
        : (Phase == EvalPhase.Error && !Ended) || (Ended && RoundIsNew) ? Latest.Spec.Attempt + 1
        : null;

    private bool Ended =>
        Phase is EvalPhase.Failed or EvalPhase.Inconclusive || (Phase == EvalPhase.Error && Attempts.Made >= Attempts.Limit);

    private bool RoundIsNew => Attempts.Round > (Latest!.Spec.Round ?? 0);
}
