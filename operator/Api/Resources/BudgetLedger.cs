using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// The escrow account of an agent or of a shared budget. It lives in the operator's namespace and has no owner, so that it outlives the
/// agent: deleting and re-applying an agent resets no cap. Written by the leading operator only, before each grant is answered.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "budgetledgers")]
[KubernetesEntityShortNames("bgl")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.namespace", "Namespace", "string")]
[GenericAdditionalPrinterColumn(".spec.agent", "Agent", "string")]
[GenericAdditionalPrinterColumn(".spec.account", "Account", "string")]
[GenericAdditionalPrinterColumn(".status.limits[*].window", "Windows", "string")]
[GenericAdditionalPrinterColumn(".status.limits[*].settled", "Settled", "string")]
[GenericAdditionalPrinterColumn(".status.limits[*].unproven", "Unproven", "string")]
[GenericAdditionalPrinterColumn(".status.limits[*].outstanding", "Outstanding", "string")]
[GenericAdditionalPrinterColumn(".status.exhausted", "Exhausted", "boolean")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class BudgetLedger : CustomResource<BudgetLedgerSpec, BudgetLedgerStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "BudgetLedger";

    /// <summary>Creates an empty one.</summary>
    public BudgetLedger() => Kind = EntityKind;
}

/// <summary>Whose account it is.</summary>
[ValidationRule("self == oldSelf", "a ledger belongs to one account for ever")]
public sealed record BudgetLedgerSpec
{
    /// <summary>The namespace of the agent or of the AgentBudget.</summary>
    [Required, Length(1, 63)]
    public string Namespace { get; init; } = string.Empty;

    /// <summary>The name of the AgentDeployment or, for a shared account, of the AgentBudget.</summary>
    [Required, Length(1, 63)]
    public string Agent { get; init; } = string.Empty;

    /// <summary>
    /// Which account: the agent's production, the evaluation of one revision, the judges of it, all evaluations of the agent, a shared
    /// budget, or the share of it that evaluations may use.
    /// </summary>
    [Required]
    public LedgerAccount Account { get; init; }

    /// <summary>The revision, for the accounts of its evaluation.</summary>
    [Length(0, 63)]
    public string? Revision { get; init; }
}

/// <summary>The accounts of an agent.</summary>
public enum LedgerAccount
{
    /// <summary>What serving pods spend, per window.</summary>
    Serving,

    /// <summary>What the evaluation of a revision spends, once.</summary>
    Evals,

    /// <summary>What the judges of a revision's evaluation spend, once.</summary>
    Judge,

    /// <summary>What the agents of an AgentBudget spend, per window. Its holders are their accounts.</summary>
    Shared,

    /// <summary>What all evaluations and judges of an agent spend, per window. Its holders are the accounts of the revisions.</summary>
    AgentEvals,

    /// <summary>What evaluations and judges spend of the share that an AgentBudget declares. Its holders are their accounts.</summary>
    SharedEvals,
}

/// <summary>
/// The account. For each limit, at every moment, settled + unproven + outstanding ≤ the cap in force when the last grant was written. Time
/// is cut into segments, a new one whenever a limit begins or ends, and each holder's line belongs to one of them: so a limit's sums are
/// those of its segments.
/// </summary>
public sealed record BudgetLedgerStatus
{
    /// <summary>Grows with every leader; the first write of a leader, before its first grant, raises it.</summary>
    public long Epoch { get; init; }

    /// <summary>
    /// Names this ledger in the windows of the grant protocol, so that money of a ledger that was deleted is never taken for money of this
    /// one.
    /// </summary>
    [Length(0, 16)]
    public string? Id { get; init; }

    /// <summary>The number of the segment that is open.</summary>
    public long Segment { get; init; }

    /// <summary>When it ends at the latest: the earliest end of its limits.</summary>
    public DateTime? SegmentEnds { get; init; }

    /// <summary>Windows and shared budgets that limit the account, or did while their holders have not closed.</summary>
    [Items(0, 64), XListType("map", "budget", "window", "first")]
    public IReadOnlyList<LedgerLimit> Limits { get; init; } = [];

    /// <summary>True while calls of ordinary size are refused for lack of money, by any limit.</summary>
    public bool? Exhausted { get; init; }

    /// <summary>
    /// Calls that cost more than their upper bound and that nobody has acknowledged: their models are refused. The last one of each price
    /// rule.
    /// </summary>
    [Items(0, 32), XListType("map", "rule")]
    public IReadOnlyList<LedgerOverrun> Overruns { get; init; } = [];

    // The list is atomic. For a map the API server records the owner of each field of each line, which makes an object of 1,000 lines
    // twice as large and slower to write.
    /// <summary>Who holds money: guardrail processes, or the accounts of agents. One line for each ID and segment.</summary>
    [Items(0, 2000), XListType("atomic")]
    public IReadOnlyList<LedgerHolder> Holders { get; init; } = [];

    /// <summary>The last window of each budget that is over, as it ended.</summary>
    [Items(0, 16), XListType("map", "budget")]
    public IReadOnlyList<ClosedWindow> Previous { get; init; } = [];
}

/// <summary>
/// One cap on the account: a window of its own, or what a shared budget lent it. Sums count the lines of the segments from first to last.
/// </summary>
public sealed record LedgerLimit
{
    /// <summary>The window's period in lower case, for example "day", or the ledger of the shared budget.</summary>
    [Required, Length(1, 140)]
    public string Budget { get; init; } = string.Empty;

    /// <summary>The window, for example "2026-11-24"; of a shared budget, its ledger's segment.</summary>
    [Required, Length(1, 64)]
    public string Window { get; init; } = string.Empty;

    /// <summary>The first segment that counts.</summary>
    [Required]
    public long First { get; init; }

    /// <summary>The last segment that counts; absent while the limit is open.</summary>
    public long? Last { get; init; }

    /// <summary>True for a shared budget: the cap is granted less returned.</summary>
    public bool? Shared { get; init; }

    /// <summary>When the window began.</summary>
    public DateTime Begins { get; init; }

    /// <summary>When it ends.</summary>
    public DateTime Ends { get; init; }

    /// <summary>The cap in force, USD; absent where cost is not limited.</summary>
    [Pattern(Amount.Pattern)]
    public Money? MaxCost { get; init; }

    /// <summary>The cap on tokens in force; absent where they are not limited.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>True where it refuses nothing: observed, or not declared any more while its window lasts.</summary>
    public bool? Observe { get; init; }

    /// <summary>Of a shared budget: total lent to this account.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? Granted { get; init; }

    /// <summary>Of a shared budget: total given back.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? Returned { get; init; }

    /// <summary>Proven spend.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Settled { get; init; }

    /// <summary>What counts as spent because it is not proven unspent.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Unproven { get; init; }

    /// <summary>What holders may still spend.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Outstanding { get; init; }

    /// <summary>Settled spend of lines that are no longer listed.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? ClosedSettled { get; init; }

    /// <summary>Unproven spend of lines that are no longer listed.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? ClosedUnproven { get; init; }

    /// <summary>The part of the unproven spend that somebody wrote off: it does not count.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? WrittenOff { get; init; }

    /// <summary>What was spent of it, told apart; absent for shared budgets.</summary>
    public LedgerSpend? Spend { get; init; }

    /// <summary>True while calls of ordinary size are refused.</summary>
    public bool? Exhausted { get; init; }

    /// <summary>The refused call's reservation: what must be free again before the limit stops being exhausted.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? ExhaustedBy { get; init; }

    /// <summary>When it became exhausted.</summary>
    public DateTime? ExhaustedAt { get; init; }

    /// <summary>When the first spend of the window was booked; absent where nothing is spent, and for shared budgets' loans.</summary>
    public DateTime? FirstSpentAt { get; init; }

    /// <summary>What was spent at moments of the last hour, the oldest first, as "UNIX-SECONDS=AMOUNT …": for forecasts only.</summary>
    [Length(1, 1024)]
    public string? Pace { get; init; }

    /// <summary>True where only a person ends an exhaustion.</summary>
    public bool? Manual { get; init; }

    /// <summary>The largest reservation of a call that was let go: what "ordinary size" means.</summary>
    [Pattern(Amount.Pattern)]
    public Amount? LargestCall { get; init; }
}

/// <summary>What a guardrail process holds in a segment. All amounts are totals that only grow.</summary>
public sealed record LedgerHolder
{
    /// <summary>The process's random ID; in a shared budget, the agent's ledger.</summary>
    [Required, Length(1, 64)]
    public string Id { get; init; } = string.Empty;

    /// <summary>The segment.</summary>
    [Required]
    public long Segment { get; init; }

    /// <summary>The pod's name; in a shared budget, the ledger's.</summary>
    [Required, Length(1, 253)]
    public string Pod { get; init; } = string.Empty;

    /// <summary>The pod's UID, as the token review named it.</summary>
    [Required, Length(1, 64)]
    public string PodUid { get; init; } = string.Empty;

    /// <summary>Total granted.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Granted { get; init; }

    /// <summary>Total proven spend.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Settled { get; init; }

    /// <summary>Total that counts as spent.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Unproven { get; init; }

    /// <summary>Total given back.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Returned { get; init; }

    /// <summary>The last batch of its spend, told apart, that is in the limits.</summary>
    public long? Noted { get; init; }

    /// <summary>
    /// The process is over and its amounts are in the closed sums. It stays listed while its segment lasts and its pod lives, so that a
    /// late message of it opens nothing anew.
    /// </summary>
    public bool? Closed { get; init; }
}

/// <summary>A window that is over.</summary>
public sealed record ClosedWindow
{
    /// <summary>The budget, for example "day".</summary>
    [Required, Length(1, 140)]
    public string Budget { get; init; } = string.Empty;

    /// <summary>The window.</summary>
    [Length(0, 64)]
    public string? Window { get; init; }

    /// <summary>The last cap in force, USD.</summary>
    [Pattern(Amount.Pattern)]
    public Money? MaxCost { get; init; }

    /// <summary>The last cap on tokens in force.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Proven spend.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Settled { get; init; }

    /// <summary>Unproven spend.</summary>
    [Pattern(Amount.Pattern)]
    public Amount Unproven { get; init; }
}

/// <summary>A call that cost more than its upper bound: booked in full, and its model refused.</summary>
public sealed record LedgerOverrun
{
    /// <summary>The price rule's ID.</summary>
    [Required, Length(1, 200)]
    public string Rule { get; init; } = string.Empty;

    /// <summary>The model, as the agent named it.</summary>
    [Required, Length(1, 256)]
    public string Model { get; init; } = string.Empty;

    /// <summary>What the call cost, USD; where that is not known, what had been reserved.</summary>
    [Pattern(Money.Pattern)]
    public Money Cost { get; init; }

    /// <summary>What had been reserved, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Reserved { get; init; }

    /// <summary>Why the bound did not hold.</summary>
    [Required, Length(1, 512)]
    public string Why { get; init; } = string.Empty;

    /// <summary>The pod that saw it.</summary>
    [Required, Length(1, 253)]
    public string Pod { get; init; } = string.Empty;

    /// <summary>When.</summary>
    [Required]
    public DateTime At { get; init; }
}
