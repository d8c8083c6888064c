using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>One attempt of one suite on one revision, beside its suite. Written by the operator only; a verdict never changes.</summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "evalruns")]
[KubernetesEntityShortNames("evr")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.agent.name", "Agent", "string")]
[GenericAdditionalPrinterColumn(".spec.revision", "Revision", "string")]
[GenericAdditionalPrinterColumn(".spec.suite", "Suite", "string")]
[GenericAdditionalPrinterColumn(".status.phase", "Verdict", "string")]
[GenericAdditionalPrinterColumn(".status.score", "Score", "string")]
[GenericAdditionalPrinterColumn(".status.lower", "Lower", "string")]
[GenericAdditionalPrinterColumn(".spec.minScore", "Needed", "string")]
[GenericAdditionalPrinterColumn(".status.message", "Message", "string", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class EvalRun : CustomResource<EvalRunSpec, EvalRunStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "EvalRun";

    /// <summary>Creates an empty one.</summary>
    public EvalRun() => Kind = EntityKind;

    /// <summary>A verdict is there.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOver => Status?.Phase is EvalPhase.Passed or EvalPhase.Failed or EvalPhase.Inconclusive or EvalPhase.Error;
}

/// <summary>What is measured, and the bar.</summary>
[ValidationRule("self == oldSelf", "an EvalRun is a record: make a new attempt instead of changing it")]
public sealed record EvalRunSpec
{
    /// <summary>The AgentDeployment.</summary>
    [Required]
    public NamespacedReference Agent { get; init; } = new();

    /// <summary>The UID of the AgentDeployment: a namesake that comes later has its own runs.</summary>
    [Required, Length(1, 64)]
    public string AgentUid { get; init; } = string.Empty;

    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The EvalSuite, in this namespace.</summary>
    [Required, Length(1, 253)]
    public string Suite { get; init; } = string.Empty;

    /// <summary>How the suite is run; absent: Builtin.</summary>
    public EvalKind? Kind { get; init; }

    /// <summary>What the verdict is for; absent: Gate.</summary>
    public EvalPurpose? Purpose { get; init; }

    /// <summary>SHA-256 over the suite's spec and its cases, in hex: other cases make another measurement.</summary>
    [Required, Length(64, 64), Pattern("^[0-9a-f]{64}$")]
    public string SuiteDigest { get; init; } = string.Empty;

    /// <summary>
    /// 1 for the first try; more after an Error, or where a person decided to retry. Re-evaluations of what serves have a count of their
    /// own.
    /// </summary>
    [Required, Range(1, 100000)]
    public int Attempt { get; init; } = 1;

    /// <summary>The attempt of the decision to retry that this run belongs to; absent: none was needed.</summary>
    [Range(1, 90)]
    public int? Round { get; init; }

    /// <summary>The candidate's endpoint.</summary>
    [Required, Length(1, 512)]
    public string Target { get; init; } = string.Empty;

    /// <summary>See <see cref="EvalRequirement.MinScore"/>.</summary>
    [Required, Length(1, 16)]
    public string MinScore { get; init; } = string.Empty;

    /// <summary>See <see cref="EvalRequirement.Confidence"/>.</summary>
    [Required, Length(1, 16)]
    public string Confidence { get; init; } = "0.95";

    /// <summary>See <see cref="EvalRequirement.MinCases"/>.</summary>
    [Required, Range(1, 100000)]
    public int MinCases { get; init; }

    /// <summary>See <see cref="EvalRequirement.CriticalTags"/>.</summary>
    [Items(0, 16), Length(1, 63), XListType("set")]
    public IReadOnlyList<string> CriticalTags { get; init; } = [];

    /// <summary>See <see cref="EvalRequirement.MaxRegression"/>.</summary>
    [Length(1, 16)]
    public string? MaxRegression { get; init; }

    /// <summary>See <see cref="EvalRequirement.Repeats"/>.</summary>
    public EvalRepeats? Repeats { get; init; }

    /// <summary>
    /// The EvalRun, in this namespace, whose results the serving revision passed with, and with which these are compared case by case.
    /// </summary>
    [Length(1, 253)]
    public string? Baseline { get; init; }

    /// <summary>The faults that the candidate is to meet. Absent: none.</summary>
    public EvalRunChaos? Chaos { get; init; }

    /// <summary>See <see cref="EvalRequirement.Deadline"/>.</summary>
    [Required, Pattern(GoDuration.Pattern)]
    public string Deadline { get; init; } = "30m";
}

/// <summary>The chaos of a run, as it was declared when the run was made.</summary>
public sealed record EvalRunChaos
{
    /// <summary>The eval of the agent.</summary>
    [Required, Length(1, 253)]
    public string Eval { get; init; } = string.Empty;

    /// <summary>A digest of the eval's name, the seed and every fault.</summary>
    [Required, Length(16, 16), Pattern("^[0-9a-f]{16}$")]
    public string Plan { get; init; } = string.Empty;

    /// <summary>The faults and their rates, for people.</summary>
    [Required, Items(1, 16), Length(1, 256), XListType("atomic")]
    public IReadOnlyList<string> Faults { get; init; } = [];
}

/// <summary>How a run went.</summary>
public sealed record EvalRunStatus
{
    /// <summary>Where the run stands or how it ended.</summary>
    public EvalPhase? Phase { get; init; }

    /// <summary>When the runner was started.</summary>
    public DateTime? StartedAt { get; init; }

    /// <summary>SHA-256 over the cases that the runner was given, in hex; its report must name the same.</summary>
    [Length(64, 64), Pattern("^[0-9a-f]{64}$")]
    public string? CasesDigest { get; init; }

    /// <summary>When the verdict was reached.</summary>
    public DateTime? FinishedAt { get; init; }

    /// <summary>Cases in the suite.</summary>
    public int? Cases { get; init; }

    /// <summary>Cases that passed.</summary>
    public int? Passed { get; init; }

    /// <summary>Cases that failed.</summary>
    public int? Failed { get; init; }

    /// <summary>Cases that could not be measured.</summary>
    public int? Errored { get; init; }

    /// <summary>Cases that the tool left out; they count for nothing.</summary>
    public int? Skipped { get; init; }

    /// <summary>
    /// How many calls of models of all cases a fallback answered: the score is that of its model, too. Absent where none is declared, or
    /// the results do not say.
    /// </summary>
    public long? Fallbacks { get; init; }

    /// <summary>The format of the results: native, promptfoo, inspect, deepeval, junit and others, see docs/evals.md.</summary>
    [Length(0, 32)]
    public string? Format { get; init; }

    /// <summary>Cases in <see cref="Results"/>: all that were measured, or as many of them as there is room for.</summary>
    public int? Kept { get; init; }

    /// <summary>IDs and scores of cases, compressed, for the comparison with a later revision. No text of a case is in it.</summary>
    [Length(0, 16384)]
    public string? Results { get; init; }

    /// <summary>The mean score of the cases, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Score { get; init; }

    /// <summary>The one-sided lower bound of the pass rate, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Lower { get; init; }

    /// <summary>The one-sided upper bound of the pass rate, as a decimal string.</summary>
    [Length(0, 16)]
    public string? Upper { get; init; }

    /// <summary>One stable word for the verdict's cause.</summary>
    [Length(0, 64)]
    public string? Reason { get; init; }

    /// <summary>The cause, for people.</summary>
    [Length(0, 2048)]
    public string? Message { get; init; }

    /// <summary>
    /// The first error of a case that could not be measured, in the tool's words. It may quote the held-out set, so it is told only here,
    /// beside the set.
    /// </summary>
    [Length(0, 512)]
    public string? Fault { get; init; }

    /// <summary>The faults that cases met, where the run was made under chaos.</summary>
    public ChaosStatus? Chaos { get; init; }

    /// <summary>IDs of cases that failed, the first few.</summary>
    [Items(0, 20), Length(1, 128), XListType("atomic")]
    public IReadOnlyList<string> Failing { get; init; } = [];
}

/// <summary>The faults that the cases of a run met.</summary>
public sealed record ChaosStatus
{
    /// <summary>Cases that met at least one.</summary>
    public int? Cases { get; init; }

    /// <summary>Which case met which, those that failed first; as many as there is room for.</summary>
    [Items(0, 20), XListType("atomic")]
    public IReadOnlyList<CaseFaults> Met { get; init; } = [];
}

/// <summary>A case and the faults that it met.</summary>
public sealed record CaseFaults
{
    /// <summary>The case's ID.</summary>
    [Required, Length(1, 128)]
    public string Case { get; init; } = string.Empty;

    /// <summary>The faults, as FAULT/UPSTREAM or FAULT/TOOL.</summary>
    [Items(1, 16), Length(1, 96), XListType("atomic")]
    public IReadOnlyList<string> Faults { get; init; } = [];
}

/// <summary>How a suite is run.</summary>
public enum EvalKind
{
    /// <summary>Our runner, with the suite's cases.</summary>
    Builtin,

    /// <summary>The suite's own image.</summary>
    Job,

    /// <summary>Somebody submits results.</summary>
    External,
}

/// <summary>What a verdict is for.</summary>
public enum EvalPurpose
{
    /// <summary>It lets a revision through or holds it.</summary>
    Gate,

    /// <summary>It tells whether the serving revision is still what it was. It changes no gate.</summary>
    Drift,
}
