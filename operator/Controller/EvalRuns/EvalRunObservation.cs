using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Everything that a decision about one run may depend on, read at one moment. Immutable.</summary>
/// <param name="Run">The run.</param>
/// <param name="Suite">Its suite, with the digest of its cases.</param>
/// <param name="Now">The moment.</param>
internal sealed record EvalRunObservation(EvalRun Run, SuiteView Suite, DateTimeOffset Now)
{
    /// <summary>UID of the agent of the name that the run is for; null where there is none.</summary>
    public string? AgentUid { get; init; }

    /// <summary>PEM certificates that the guardrail of a judge is to trust; null before any are known.</summary>
    public string? TrustBundle { get; init; }

    /// <summary>Digest of the certificates that the judge's guardrail has; null where the run has none.</summary>
    public string? JudgeTrustDigest { get; init; }

    /// <summary>The runner's Job; null where the cache does not show one.</summary>
    public JobView? Job { get; init; }

    /// <summary>The Job's pods.</summary>
    public IReadOnlyList<PodView> Runners { get; init; } = [];
}
