using AgentReadiness.Api.Schema;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// The escrow account of a budget. It lives in the operator's namespace and has no owner, so that it outlives the agent:
/// deleting and re-applying an agent resets no cap. Written by the leading operator only, before each grant is answered.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "budgetledgers")]
[KubernetesEntityShortNames("bgl")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.namespace", "Namespace", "string")]
[GenericAdditionalPrinterColumn(".spec.agent", "Agent", "string")]
[GenericAdditionalPrinterColumn(".spec.account", "Account", "string")]
[GenericAdditionalPrinterColumn(".status.window", "Window", "string")]
[GenericAdditionalPrinterColumn(".status.cap", "Cap", "string")]
[GenericAdditionalPrinterColumn(".status.settled", "Settled", "string")]
[GenericAdditionalPrinterColumn(".status.unproven", "Unproven", "string")]
[GenericAdditionalPrinterColumn(".status.outstanding", "Outstanding", "string")]
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
    /// <summary>The agent's namespace.</summary>
    [Required, Length(1, 63)]
    public string Namespace { get; init; } = string.Empty;

    /// <summary>The AgentDeployment's name.</summary>
    [Required, Length(1, 63)]
    public string Agent { get; init; } = string.Empty;

    /// <summary>Which of the agent's accounts: production, the evaluation of one revision, or the judges of it.</summary>
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
}

/// <summary>The account. At every moment settled + unproven + outstanding ≤ the cap in force when the last grant was written.</summary>
public sealed record BudgetLedgerStatus
{
    /// <summary>Grows with every leader; the first write of a leader, before its first grant, raises it.</summary>
    public long Epoch { get; init; }

    /// <summary>The window, for example "2026-11-22" for a day or "total".</summary>
    [Length(0, 32)]
    public string? Window { get; init; }

    /// <summary>When the window ends.</summary>
    public DateTime? WindowEnds { get; init; }

    /// <summary>The cap in force, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? Cap { get; init; }

    /// <summary>Proven spend of all holders, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? Settled { get; init; }

    /// <summary>What counts as spent because it is not proven unspent, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? Unproven { get; init; }

    /// <summary>What holders may still spend, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? Outstanding { get; init; }

    /// <summary>Settled spend of holders that are no longer listed, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? ClosedSettled { get; init; }

    /// <summary>Unproven spend of holders that are no longer listed, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money? ClosedUnproven { get; init; }

    /// <summary>True while calls of ordinary size are refused for lack of money.</summary>
    public bool? Exhausted { get; init; }

    /// <summary>The refused call's reservation, USD: what must be free again before the account stops being exhausted.</summary>
    [Pattern(Money.Pattern)]
    public Money? ExhaustedBy { get; init; }

    /// <summary>The largest reservation of a call that was let go in this window, USD: what "ordinary size" means.</summary>
    [Pattern(Money.Pattern)]
    public Money? LargestCall { get; init; }

    /// <summary>Calls that cost more than their upper bound and that nobody has acknowledged: their models are refused. The last one of each price rule.</summary>
    [Items(0, 32), XListType("map", "rule")]
    public IReadOnlyList<LedgerOverrun> Overruns { get; init; } = [];

    /// <summary>Guardrail processes that hold money.</summary>
    [Items(0, 2000), XListType("map", "id")]
    public IReadOnlyList<LedgerHolder> Holders { get; init; } = [];

    /// <summary>The window before this one, as it ended.</summary>
    public ClosedWindow? Previous { get; init; }
}

/// <summary>A guardrail process that holds money. All amounts are totals that only grow.</summary>
public sealed record LedgerHolder
{
    /// <summary>The process's random ID.</summary>
    [Required, Length(1, 64)]
    public string Id { get; init; } = string.Empty;

    /// <summary>The pod's name.</summary>
    [Required, Length(1, 253)]
    public string Pod { get; init; } = string.Empty;

    /// <summary>The pod's UID, as the token review named it.</summary>
    [Required, Length(1, 64)]
    public string PodUid { get; init; } = string.Empty;

    /// <summary>Total granted, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Granted { get; init; }

    /// <summary>Total proven spend, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Settled { get; init; }

    /// <summary>Total that counts as spent, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Unproven { get; init; }

    /// <summary>Total given back, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Returned { get; init; }

    /// <summary>
    /// The process is over and its amounts are in the closed sums. It stays listed while its pod lives, so that a late message of
    /// it opens nothing anew.
    /// </summary>
    public bool? Closed { get; init; }
}

/// <summary>A window that is over.</summary>
public sealed record ClosedWindow
{
    /// <summary>The window.</summary>
    [Length(0, 32)]
    public string? Window { get; init; }

    /// <summary>The last cap in force, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Cap { get; init; }

    /// <summary>Proven spend, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Settled { get; init; }

    /// <summary>Unproven spend, with whatever was outstanding at the end, USD.</summary>
    [Pattern(Money.Pattern)]
    public Money Unproven { get; init; }
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
