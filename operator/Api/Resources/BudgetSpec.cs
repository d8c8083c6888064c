using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Resources;

/// <summary>Caps per window of time, as an agent has them and a shared budget.</summary>
public interface IWindowedBudget
{
    /// <summary>Whether calls are refused.</summary>
    BudgetMode? Mode { get; }

    /// <summary>The time zone of the windows.</summary>
    string? TimeZone { get; }

    /// <summary>The caps.</summary>
    List<BudgetWindow> Windows { get; }

    /// <summary>Caps that are higher for a while.</summary>
    List<BudgetRaise> Raises { get; }

    /// <summary>Unproven spend that does not count.</summary>
    List<BudgetWriteOff> WriteOffs { get; }
}

/// <summary>What the agent may spend.</summary>
public sealed class BudgetSpec : IWindowedBudget
{
    /// <summary>Enforce, or Observe: calls are counted, and what would be refused is counted and logged, but nothing is refused.</summary>
    [DefaultJson("\"Enforce\"")]
    public BudgetMode? Mode { get; set; }

    /// <summary>Limits of one model call.</summary>
    public PerCallSpec? PerCall { get; set; }

    /// <summary>Limits of one run: one request to the agent, and every call that it makes.</summary>
    public PerRunSpec? PerRun { get; set; }

    /// <summary>Limits of one pod.</summary>
    public PerPodSpec? PerPod { get; set; }

    /// <summary>
    /// The time zone that the windows are aligned to, by its IANA name, for example "Europe/Berlin"; daylight saving included: a day may
    /// have 23 or 25 hours.
    /// </summary>
    [DefaultJson("\"UTC\""), Pattern(TimeZones.Pattern), Length(1, TimeZones.MaxLength)]
    public string? TimeZone { get; set; }

    /// <summary>Caps per window of time, over all pods: a call must fit each of them.</summary>
    [Items(0, 5), XListType("map", "period")]
    public List<BudgetWindow> Windows { get; set; } = [];

    /// <summary>
    /// AgentBudgets of the agent's namespace that a call must fit as well, by name. Those that select the agent bind it in any case.
    /// </summary>
    [Items(0, 8), Length(1, 63), XListType("set")]
    public List<string> SharedBudgets { get; set; } = [];

    /// <summary>
    /// By what spend is told apart, beside model, revision and run: tags of your own, for example feature and customer. A call out, or the
    /// request that began its run, names their values in the headers X-Agent-Tag-NAME or in W3C baggage.
    /// </summary>
    [Items(0, Contracts.Attribution.MaxTags), Length(1, 32), Pattern(Contracts.Attribution.Pattern), XListType("set")]
    [ValidationRule(Contracts.Attribution.TakenRule, Contracts.Attribution.TakenMessage)]
    public List<string> Attribution { get; set; } = [];

    /// <summary>
    /// Those names of attribution that a client of the agent may give values to. Of all others the guardrail takes what a client says out
    /// of its request: what a client names, it could charge to somebody else.
    /// </summary>
    [Items(0, Contracts.Attribution.MaxTags), Length(1, 32), Pattern(Contracts.Attribution.Pattern), XListType("set")]
    public List<string> ClientAttribution { get; set; } = [];

    /// <summary>Break-glass: a higher cap until a moment, with who asked for it and why.</summary>
    [Items(0, 5), XListType("map", "period")]
    public List<BudgetRaise> Raises { get; set; } = [];

    /// <summary>Unproven spend of a window that does not count, because somebody knows that it was not spent.</summary>
    [Items(0, 32), XListType("map", "period", "window")]
    public List<BudgetWriteOff> WriteOffs { get; set; } = [];

    /// <summary>Overruns of status.overruns that somebody has looked into: their models are let go again.</summary>
    [Items(0, 32), XListType("map", "rule")]
    public List<OverrunAcknowledgement> AcknowledgedOverruns { get; set; } = [];
}

/// <summary>
/// Says that the overruns of a price rule, up to a moment, have been looked into. A later overrun refuses the model anew.
/// </summary>
public sealed class OverrunAcknowledgement
{
    /// <summary>The price rule's ID, as status.overruns names it.</summary>
    [Required, Length(1, 200)]
    public string Rule { get; set; } = string.Empty;

    /// <summary>Overruns before this moment are acknowledged.</summary>
    [Required]
    public DateTime Before { get; set; }

    /// <summary>What was found: a corrected price, another model, a provider's fault.</summary>
    [Required, Length(1, 512)]
    public string Reason { get; set; } = string.Empty;
}

/// <summary>Whether budgets refuse calls.</summary>
public enum BudgetMode
{
    /// <summary>A call that does not fit is refused.</summary>
    Enforce,

    /// <summary>Nothing is refused; what would be is counted and logged.</summary>
    Observe,
}

/// <summary>Limits of one model call.</summary>
public sealed class PerCallSpec
{
    /// <summary>
    /// The most that one call may cost, in USD as a decimal string. The output limit is lowered to fit; a call that does not fit even so is
    /// refused.
    /// </summary>
    [Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }
}

/// <summary>Limits of one run. A call in flight counts at its upper bound.</summary>
public sealed class PerRunSpec
{
    /// <summary>The most that one run may cost, in USD as a decimal string.</summary>
    [Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }

    /// <summary>The most tokens of one run, input and output of all its model calls.</summary>
    [Range(1, 1000000000)]
    public long? MaxTokens { get; set; }

    /// <summary>The most model calls of one run.</summary>
    [Range(1, 100000)]
    public int? MaxSteps { get; set; }

    /// <summary>The most tool calls of one run.</summary>
    [Range(1, 100000)]
    public int? MaxToolCalls { get; set; }

    /// <summary>The most times that one run may make the identical call.</summary>
    [Range(1, 1000)]
    public int? MaxRepeats { get; set; }

    /// <summary>The longest that one run may take, as a duration such as "5m". Then it is ended, and its client is answered 504.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? MaxDuration { get; set; }
}

/// <summary>Limits of one pod, beside money.</summary>
public sealed class PerPodSpec
{
    /// <summary>The most model calls of a pod in a minute.</summary>
    [Range(1, 1000000)]
    public int? RequestsPerMinute { get; set; }

    /// <summary>The most tokens of a pod in a minute, each call counted at its upper bound.</summary>
    [Range(1, 1000000000)]
    public long? TokensPerMinute { get; set; }
}

/// <summary>A cap on what is spent in a window of time. It has maxCost or maxTokens, or both.</summary>
[ValidationRule("has(self.maxCost) || has(self.maxTokens)", "a window needs maxCost or maxTokens: without either it limits nothing")]
public sealed class BudgetWindow
{
    /// <summary>
    /// The window, aligned to the calendar in the budget's timeZone: Hour, Day, Week (from Monday), Month, or Total, which never ends.
    /// </summary>
    [Required]
    public BudgetPeriod Period { get; set; }

    /// <summary>The most that may be spent in the window, in USD as a decimal string. No call is let go that could cross it.</summary>
    [Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }

    /// <summary>The most tokens of the window, input and output. No call is let go that could cross it.</summary>
    [Range(1, 1000000000000)]
    public long? MaxTokens { get; set; }

    /// <summary>Percentages of the cap, ascending, at which an event and the status tell what is spent: each once a window.</summary>
    [DefaultJson("[50,80,95]"), Items(0, 8), Range(1, 100), XListType("atomic")]
    public List<int>? AlertAt { get; set; }

    /// <summary>What happens when the window is exhausted.</summary>
    [DefaultJson("\"ScaleDown\"")]
    public ExhaustedAction? OnExhausted { get; set; }

    /// <summary>Pods that stay under ScaleDown.</summary>
    [DefaultJson("0"), Range(0, 1000)]
    public int? ScaleDownTo { get; set; }

    /// <summary>Automatic: a new window or a raised cap ends the exhaustion. Manual: a person does, with resumedAt.</summary>
    [DefaultJson("\"Automatic\"")]
    public BudgetResume? Resume { get; set; }

    /// <summary>With Manual: an exhaustion from before this moment is over, where the cap has room again.</summary>
    public DateTime? ResumedAt { get; set; }
}

/// <summary>What ends an exhaustion.</summary>
public enum BudgetResume
{
    /// <summary>A new window, a raised cap, or money that comes back.</summary>
    Automatic,

    /// <summary>A person who sets <c>resumedAt</c>.</summary>
    Manual,
}

/// <summary>A higher cap until a moment. A cap that the window does not have stays absent, a lower one changes nothing.</summary>
public sealed class BudgetRaise
{
    /// <summary>Which window.</summary>
    [Required]
    public BudgetPeriod Period { get; set; }

    /// <summary>The cap meanwhile, in USD as a decimal string.</summary>
    [Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }

    /// <summary>The cap on tokens meanwhile.</summary>
    [Range(1, 1000000000000)]
    public long? MaxTokens { get; set; }

    /// <summary>Why, with a ticket where you have one.</summary>
    [Required, Length(1, 512)]
    public string Reason { get; set; } = string.Empty;

    /// <summary>Who asked for it.</summary>
    [Required, Length(1, 253)]
    public string RequestedBy { get; set; } = string.Empty;

    /// <summary>When it ends. The spend stays: what is above the cap then is exhausted until the window ends.</summary>
    [Required]
    public DateTime ExpiresAt { get; set; }
}

/// <summary>Says that some of a window's unproven spend was not spent, for example by the provider's bill.</summary>
public sealed class BudgetWriteOff
{
    /// <summary>Which window.</summary>
    [Required]
    public BudgetPeriod Period { get; set; }

    /// <summary>The window's name as the status has it, for example "2026-11-24". It holds for no other one.</summary>
    [Required, Length(1, 64)]
    public string Window { get; set; } = string.Empty;

    /// <summary>How much does not count, in USD as a decimal string; never more than is unproven.</summary>
    [Required, Pattern(Money.Pattern)]
    public string MaxCost { get; set; } = string.Empty;

    /// <summary>How many tokens do not count; never more than are unproven.</summary>
    [Range(0, 1000000000000)]
    public long? MaxTokens { get; set; }

    /// <summary>What proves it.</summary>
    [Required, Length(1, 512)]
    public string Reason { get; set; } = string.Empty;

    /// <summary>Who says so.</summary>
    [Required, Length(1, 253)]
    public string RequestedBy { get; set; } = string.Empty;
}

/// <summary>The length of a budget window.</summary>
public enum BudgetPeriod
{
    /// <summary>From midnight to midnight.</summary>
    Day,

    /// <summary>From the full hour.</summary>
    Hour,

    /// <summary>From Monday's midnight, as ISO 8601 counts weeks.</summary>
    Week,

    /// <summary>From the first day's midnight.</summary>
    Month,

    /// <summary>Once and for all.</summary>
    Total,
}

/// <summary>What happens to an agent whose budget window is exhausted.</summary>
public enum ExhaustedAction
{
    /// <summary>The effective replicas go to <c>scaleDownTo</c> until the cap is raised or the next window begins.</summary>
    ScaleDown,

    /// <summary>The pods stay, their model calls are answered 402.</summary>
    Block,

    /// <summary>Nothing is refused: the window only counts and alerts.</summary>
    Alert,
}
