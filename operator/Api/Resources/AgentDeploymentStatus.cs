using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>What the operator observed and decided.</summary>
public sealed record AgentDeploymentStatus
{
    /// <summary>The generation of the spec that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Where the rollout stands, in one word: see Phases in docs/reference.md.</summary>
    [Length(0, 32)]
    public string? Phase { get; init; }

    /// <summary>
    /// The state, in standard conditions: Ready, Reconciling, Stalled, EvalsPassed, Serving, WithinBudget, DecisionIgnored, Tampered,
    /// Drifted.
    /// </summary>
    [Items(0, 16), XListType("map", "type")]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];

    /// <summary>The revision that the Service sends traffic to.</summary>
    [Length(0, 63)]
    public string? ServingRevision { get; init; }

    /// <summary>The revision that the spec declares, while it does not serve yet.</summary>
    [Length(0, 63)]
    public string? CandidateRevision { get; init; }

    /// <summary>The step that the candidate is in: Evaluation, Approval, Promotion, Canary or Rollback.</summary>
    [Length(0, 32)]
    public string? ProgressStep { get; init; }

    /// <summary>When the step began; the progress deadline counts from it.</summary>
    public DateTime? ProgressSince { get; init; }

    /// <summary>The pods that the step waits for; another number (an autoscaler's) starts the progress deadline anew.</summary>
    public int? ProgressReplicas { get; init; }

    /// <summary>How far a Canary is.</summary>
    public CanaryStatus? Canary { get; init; }

    /// <summary>The last decision that was carried out.</summary>
    public DecisionStatus? Decision { get; init; }

    /// <summary>The exception by which the candidate passes a gate, while it does.</summary>
    public ExceptionUse? Exception { get; init; }

    /// <summary>Revisions that served, the latest first: the one that serves and those that are kept.</summary>
    [Items(0, 21), XListType("atomic")]
    public IReadOnlyList<ServedRevision> History { get; init; } = [];

    /// <summary>
    /// What the operator puts into the pods of each revision. It stays as it was when the revision was made, so that another operator, or
    /// other values of the chart, restart nothing and put nothing else into what was evaluated.
    /// </summary>
    [Items(0, 32), XListType("map", "revision")]
    public IReadOnlyList<InjectionStatus> Injections { get; init; } = [];

    /// <summary>The revision that served before, while it stays whole.</summary>
    [Length(0, 63)]
    public string? DrainingRevision { get; init; }

    /// <summary>When the draining revision goes to zero.</summary>
    public DateTime? DrainUntil { get; init; }

    /// <summary>Pods of the serving revision.</summary>
    public int? Replicas { get; init; }

    /// <summary>Pods of the serving revision that are ready.</summary>
    public int? ReadyReplicas { get; init; }

    /// <summary>The serialised selector of the serving pods, for the scale subresource.</summary>
    [Length(0, 1024)]
    public string? Selector { get; init; }

    /// <summary>The last verdict in short: "Passed 0.98", "Failed 0.61 &lt; 0.90".</summary>
    [Length(0, 128)]
    public string? EvalSummary { get; init; }

    /// <summary>The last verdict of each suite on the candidate or, when it serves, on the serving revision.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<EvalVerdictStatus> Evals { get; init; } = [];

    /// <summary>Verdicts on what serves and served, the latest first: how the score went.</summary>
    [Items(0, 20), XListType("atomic")]
    public IReadOnlyList<ScoreEntry> Scores { get; init; } = [];

    /// <summary>Spend of each budget window, as of the last alert threshold or the last five minutes.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<BudgetWindowStatus> Budget { get; init; } = [];

    /// <summary>
    /// Spend of all evaluations and judges of the agent, over all its revisions. Empty until the first of them has an account.
    /// </summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<BudgetWindowStatus> Evaluations { get; init; } = [];

    /// <summary>
    /// Calls that cost more than their upper bound: their models are refused until spec.budget.acknowledgedOverruns names the rule.
    /// </summary>
    [Items(0, 32), XListType("map", "rule")]
    public IReadOnlyList<LedgerOverrun> Overruns { get; init; } = [];
}

/// <summary>Spend of a budget window.</summary>
public sealed record BudgetWindowStatus
{
    /// <summary>The period in lower case, for example "day"; for a shared budget, its name before that: "shop-team/day".</summary>
    [Required, Length(1, 140)]
    public string Budget { get; init; } = string.Empty;

    /// <summary>The window's period.</summary>
    [Required]
    public BudgetPeriod Period { get; init; }

    /// <summary>The window, for example "2026-11-24": what a write-off names.</summary>
    [Length(1, 64)]
    public string? Window { get; init; }

    /// <summary>Settled plus unproven spend less what was written off, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string Spent { get; init; } = "0";

    /// <summary>The part that counts as spent because it is not proven unspent, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string Unproven { get; init; } = "0";

    /// <summary>The part of the unproven spend that somebody wrote off.</summary>
    [Length(1, 48)]
    public string? WrittenOff { get; init; }

    /// <summary>The cap in force, in USD; absent where cost is not limited.</summary>
    [Length(1, 32)]
    public string? Cap { get; init; }

    /// <summary>Tokens that count as spent; absent where they are not limited.</summary>
    public long? SpentTokens { get; init; }

    /// <summary>The cap on tokens in force.</summary>
    public long? CapTokens { get; init; }

    /// <summary>
    /// What will be spent at the window's end at the mean pace since the first spend, in USD, rounded up; absent where that is not known,
    /// and for Total.
    /// </summary>
    [Length(1, 32)]
    public string? Forecast { get; init; }

    /// <summary>The same at the pace of the last hour: it shows a runaway that the mean hides.</summary>
    [Length(1, 32)]
    public string? ForecastLastHour { get; init; }

    /// <summary>When the first spend of the window was booked; absent where that is not known.</summary>
    public DateTime? FirstSpentAt { get; init; }

    /// <summary>What was spent in the last hour, in USD, rounded up; absent where that is not known.</summary>
    [Length(1, 32)]
    public string? SpentLastHour { get; init; }

    /// <summary>Tokens that were spent in the last hour; absent where they are not limited, or where that is not known.</summary>
    public long? SpentTokensLastHour { get; init; }

    /// <summary>
    /// What cost most: for model, revision and each declared tag the three costliest values, and three runs. Absent for shared budgets.
    /// </summary>
    [Items(0, 32), XListType("atomic")]
    public IReadOnlyList<SpendShareStatus> Top { get; init; } = [];

    /// <summary>What single model calls cost in the window.</summary>
    public CostStatistics? PerCall { get; init; }

    /// <summary>What runs that ended in the window cost.</summary>
    public CostStatistics? PerRun { get; init; }

    /// <summary>When the window ends.</summary>
    [Required]
    public DateTime Ends { get; init; }

    /// <summary>When these amounts were read.</summary>
    [Required]
    public DateTime AsOf { get; init; }

    /// <summary>True while calls are refused because the window is spent.</summary>
    public bool? Exhausted { get; init; }

    /// <summary>True while pods still hold money of a cap that was lowered since.</summary>
    public bool? CapPending { get; init; }

    /// <summary>The account's ledger, by UID: a ledger that was deleted while its window lasts is noticed by it.</summary>
    [Length(1, 64)]
    public string? Ledger { get; init; }
}

/// <summary>How far a Canary is.</summary>
public sealed record CanaryStatus
{
    /// <summary>The step, from 1; one more than the steps that the spec lists means all traffic.</summary>
    [Required]
    public int Step { get; init; }

    /// <summary>Pods of the candidate in this step.</summary>
    [Required]
    public int CandidatePods { get; init; }

    /// <summary>Pods of the serving revision in this step.</summary>
    [Required]
    public int StablePods { get; init; }

    /// <summary>True once both revisions share the Service: from the moment that the first step's pods were available.</summary>
    [Required]
    public bool Shared { get; init; }

    /// <summary>When the step's pods were all available; its hold counts from here.</summary>
    public DateTime? HeldSince { get; init; }
}

/// <summary>A decision that was carried out.</summary>
public sealed record DecisionStatus
{
    /// <summary>The revision that it names.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The action.</summary>
    [Required]
    public DecisionAction Action { get; init; }

    /// <summary>Its attempt.</summary>
    [Required]
    public int Attempt { get; init; } = 1;

    /// <summary>The revision that the spec declared when it was carried out.</summary>
    [Required, Length(1, 63)]
    public string Declared { get; init; } = string.Empty;

    /// <summary>The step that the candidate was in; a Promote in the step Canary skips the rest of the steps.</summary>
    [Length(0, 32)]
    public string? Step { get; init; }

    /// <summary>Why, as declared.</summary>
    [Length(0, 512)]
    public string? Reason { get; init; }

    /// <summary>When.</summary>
    [Required]
    public DateTime At { get; init; }
}

/// <summary>An exception that let a revision pass a gate.</summary>
public sealed record ExceptionUse
{
    /// <summary>The ReadinessException, as namespace/name.</summary>
    [Required, Length(1, 320)]
    public string Name { get; init; } = string.Empty;

    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The gates that it opens.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<ExceptionGate> Gates { get; init; } = [];

    /// <summary>Why, as declared.</summary>
    [Length(0, 1024)]
    public string Reason { get; init; } = string.Empty;

    /// <summary>Who asked for it, as declared.</summary>
    [Length(0, 253)]
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>When it ends.</summary>
    [Required]
    public DateTime ExpiresAt { get; init; }
}

/// <summary>A revision that served.</summary>
public sealed record ServedRevision
{
    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>When the Service was switched to it, the last time.</summary>
    [Required]
    public DateTime Since { get; init; }

    /// <summary>When another one took over; absent while it serves.</summary>
    public DateTime? Until { get; init; }

    /// <summary>What opened the gate.</summary>
    [Required]
    public PromotionBasis Basis { get; init; }

    /// <summary>The exception, as namespace/name, where that was the basis.</summary>
    [Length(0, 320)]
    public string? Exception { get; init; }
}

/// <summary>What opened the gate for a revision.</summary>
public enum PromotionBasis
{
    /// <summary>Its evals passed.</summary>
    Evals,

    /// <summary>It served before, within the rollback window.</summary>
    RollbackWindow,

    /// <summary>A ReadinessException.</summary>
    Exception,

    /// <summary>No evals are declared.</summary>
    NoSuites,
}
