using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Resources;

/// <summary>How a new revision takes over.</summary>
[ValidationRule(
    "self.strategy != 'Canary' || size(self.steps) > 0",
    "spec.rollout.steps must list at least one step where the strategy is Canary"
)]
[ValidationRule("self.strategy != 'BlueGreen' || size(self.steps) == 0", "spec.rollout.steps needs strategy Canary")]
public sealed class RolloutSpec
{
    /// <summary>How traffic moves to a revision that passed its gates.</summary>
    [DefaultJson("\"BlueGreen\"")]
    public RolloutStrategy? Strategy { get; set; }

    /// <summary>The steps of a Canary, in order; after the last one the revision takes all traffic.</summary>
    [DefaultJson("[]"), Items(0, 20), XListType("atomic")]
    public List<CanaryStep> Steps { get; set; } = [];

    /// <summary>Pods of the revision under evaluation.</summary>
    [DefaultJson("1"), Range(1, 20)]
    public int? CandidateReplicas { get; set; }

    /// <summary>
    /// How long the pods of a new revision may take to become available, as a duration such as "15m". Evaluation time, holds and waiting
    /// for approval do not count.
    /// </summary>
    [DefaultJson("\"15m\""), Pattern(GoDuration.Pattern)]
    public string? ProgressDeadline { get; set; }

    /// <summary>Whether a person must approve a revision that passed its evals.</summary>
    [DefaultJson("\"Automatic\"")]
    public ApprovalMode? Approval { get; set; }

    /// <summary>How long a revision waits for approval, as a duration such as "24h".</summary>
    [DefaultJson("\"24h\""), Pattern(GoDuration.Pattern)]
    public string? ApprovalTimeout { get; set; }

    /// <summary>What becomes of a revision that nobody approved in time.</summary>
    [DefaultJson("\"Abort\"")]
    public ApprovalOutcome? OnApprovalTimeout { get; set; }

    /// <summary>How long the old revision stays whole after the switch, as a duration such as "30s".</summary>
    [DefaultJson("\"30s\""), Pattern(GoDuration.Pattern)]
    public string? Drain { get; set; }

    /// <summary>Old revisions that are kept at zero replicas.</summary>
    [DefaultJson("5"), Range(0, 20)]
    public int? HistoryLimit { get; set; }

    /// <summary>A kept revision that served within this time serves again without new evals, as a duration such as "168h".</summary>
    [DefaultJson("\"168h\""), Pattern(GoDuration.Pattern)]
    public string? RollbackWindow { get; set; }

    /// <summary>True: a rollout stays where it is; what serves is still scaled, repaired and held to its budget.</summary>
    [DefaultJson("false")]
    public bool? Paused { get; set; }

    /// <summary>What a person decided about one revision. It acts on that revision only, so it may stay in Git.</summary>
    public RolloutDecision? Decision { get; set; }
}

/// <summary>How traffic moves to a revision that passed its gates.</summary>
public enum RolloutStrategy
{
    /// <summary>All at once, when all its pods are available; the old revision stays whole for a while.</summary>
    BlueGreen,

    /// <summary>Step by step: old and new pods share the Service, by the ratio of their numbers.</summary>
    Canary,
}

/// <summary>A step of a Canary.</summary>
public sealed class CanaryStep
{
    /// <summary>
    /// The most of the traffic that the new revision gets, in percent of the pods; one pod of it is the least there is. Never less than in
    /// the step before.
    /// </summary>
    [Required, Range(1, 99)]
    public int Percent { get; set; }

    /// <summary>How long the step lasts once its pods are available, as a duration such as "10m".</summary>
    [Required, Pattern(GoDuration.Pattern)]
    public string Hold { get; set; } = string.Empty;
}

/// <summary>Whether a person must approve a revision.</summary>
public enum ApprovalMode
{
    /// <summary>Its evals decide alone.</summary>
    Automatic,

    /// <summary>It waits for a decision with action Promote that names it.</summary>
    Manual,
}

/// <summary>What becomes of a revision that nobody approved in time.</summary>
public enum ApprovalOutcome
{
    /// <summary>It is held until somebody decides.</summary>
    Abort,

    /// <summary>It is promoted: silence is consent, because the spec says so.</summary>
    Promote,
}

/// <summary>What a person decided about one revision. Carried out once; taking it out of the spec undoes nothing.</summary>
public sealed record RolloutDecision
{
    /// <summary>The revision, as <c>kubectl agents revision</c> prints it.</summary>
    [Required, Length(1, 63), Pattern("^[0-9a-f]{15}$")]
    public string Revision { get; set; } = string.Empty;

    /// <summary>What is to happen to it.</summary>
    [Required]
    public DecisionAction Action { get; set; }

    /// <summary>Raise it to have the same decision carried out once more.</summary>
    [DefaultJson("1"), Range(1, 90)]
    public int? Attempt { get; set; }

    /// <summary>Why; kept in the status and in the event.</summary>
    [Length(0, 512)]
    public string? Reason { get; set; }
}

/// <summary>What may be decided about a revision.</summary>
public enum DecisionAction
{
    /// <summary>Approve it; in the middle of a Canary: skip the steps that are left. It never skips evals.</summary>
    Promote,

    /// <summary>Give the declared revision up: no traffic for it, the last good one serves.</summary>
    Abort,

    /// <summary>
    /// Try a declared revision again that failed, was aborted or was not approved. Evals that failed are measured again.
    /// </summary>
    Retry,

    /// <summary>Let an older, kept revision serve that served before, until the spec declares another one.</summary>
    RollbackTo,
}

/// <summary>A PodDisruptionBudget of the pods that serve.</summary>
public sealed class DisruptionSpec
{
    /// <summary>Pods that may be missing through voluntary disruptions, as a number or a percentage: "1" or "25%".</summary>
    [Required, Length(1, 5), Pattern("^([0-9]{1,4}|[0-9]{1,2}%|100%)$")]
    public string MaxUnavailable { get; set; } = string.Empty;
}
