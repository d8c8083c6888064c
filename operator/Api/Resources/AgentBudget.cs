using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Schema;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// A budget that several agents share. In an agent's namespace it binds the agents that name it, and those that it selects. In the
/// operator's own namespace it is a ceiling: it binds the agents of the namespaces that it lists, whether they want it or not.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "agentbudgets")]
[KubernetesEntityShortNames("agb")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".status.budget[0].spent", "Spend", "string")]
[GenericAdditionalPrinterColumn(".status.budget[0].cap", "Cap", "string")]
[GenericAdditionalPrinterColumn(".status.budget[0].window", "Window", "string")]
[GenericAdditionalPrinterColumn(".status.agents", "Agents", "integer")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"WithinBudget\")].status", "WithinBudget", "string")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class AgentBudget : CustomResource<AgentBudgetSpec, AgentBudgetStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "AgentBudget";

    /// <summary>Creates an empty one.</summary>
    public AgentBudget() => Kind = EntityKind;
}

/// <summary>What the agents of a shared budget may spend together.</summary>
public sealed class AgentBudgetSpec : IWindowedBudget
{
    /// <summary>Enforce, or Observe: what is spent is counted and told, and nothing is refused.</summary>
    [DefaultJson("\"Enforce\"")]
    public BudgetMode? Mode { get; set; }

    /// <summary>
    /// The time zone that the windows are aligned to, by its IANA name, for example "Europe/Berlin"; daylight saving included: a day may
    /// have 23 or 25 hours.
    /// </summary>
    [DefaultJson("\"UTC\""), Pattern(TimeZones.Pattern), Length(1, TimeZones.MaxLength)]
    public string? TimeZone { get; set; }

    /// <summary>Caps per window of time, over all pods of all agents: a call must fit each of them.</summary>
    [Required, Items(1, 5), XListType("map", "period")]
    public List<BudgetWindow> Windows { get; set; } = [];

    /// <summary>
    /// Binds every agent of the namespace whose labels these are, beside those that name the budget. Absent, it selects none; empty, all.
    /// </summary>
    public AgentSelector? Selector { get; set; }

    /// <summary>Only in the operator's namespace: the namespaces whose agents it binds, each a name or a prefix that ends in "*".</summary>
    [Items(0, 64), Length(1, 63), XListType("set")]
    public List<string> Namespaces { get; set; } = [];

    /// <summary>
    /// How much of each window the evaluations and judges of the agents may use. Absent, they use what is left of it, as what serves does.
    /// </summary>
    public EvaluationShareSpec? Evaluations { get; set; }

    /// <summary>Break-glass: a higher cap until a moment, with who asked for it and why.</summary>
    [Items(0, 5), XListType("map", "period")]
    public List<BudgetRaise> Raises { get; set; } = [];

    /// <summary>Unproven spend of a window that does not count, because somebody knows that it was not spent.</summary>
    [Items(0, 32), XListType("map", "period", "window")]
    public List<BudgetWriteOff> WriteOffs { get; set; } = [];
}

/// <summary>The share of a budget that evaluations may use.</summary>
public sealed class EvaluationShareSpec
{
    /// <summary>
    /// The most that evaluations and judges of all agents of the budget may use together of each window's cap, in percent. The rest is for
    /// what serves alone; what evaluations do not use is not kept for them.
    /// </summary>
    [Required, Range(1, 100)]
    public int MaxPercent { get; set; }
}

/// <summary>Which agents.</summary>
public sealed class AgentSelector
{
    /// <summary>Labels that an AgentDeployment must carry, all of them.</summary>
    public Dictionary<string, string> MatchLabels { get; set; } = [];
}

/// <summary>How a shared budget stands.</summary>
public sealed record AgentBudgetStatus
{
    /// <summary>The generation that this status is about.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Agents that it binds.</summary>
    public int? Agents { get; init; }

    /// <summary>Spend of each window, as of the last alert threshold or the last five minutes.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<BudgetWindowStatus> Budget { get; init; } = [];

    /// <summary>Spend of evaluations and judges of each window, against the share they may use. Empty where none is declared.</summary>
    [Items(0, 8), XListType("atomic")]
    public IReadOnlyList<BudgetWindowStatus> Evaluations { get; init; } = [];

    /// <summary>The agents that spent most in the first window, the largest first.</summary>
    [Items(0, 10), XListType("atomic")]
    public IReadOnlyList<SpenderStatus> TopSpenders { get; init; } = [];

    /// <summary>Ready, Reconciling and Stalled (kstatus), and WithinBudget.</summary>
    [Items(0, 16), XListType("map", "type")]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>What one agent spent of a shared budget.</summary>
public sealed record SpenderStatus
{
    /// <summary>The agent, as namespace/name.</summary>
    [Required, Length(1, 128)]
    public string Agent { get; init; } = string.Empty;

    /// <summary>Settled plus unproven spend, in USD, rounded up.</summary>
    [Required, Length(1, 32)]
    public string Spent { get; init; } = "0";
}
