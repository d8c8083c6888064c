using System.Text.Json.Nodes;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// A held-out set of cases with graded expectations, and how to run it. Its owner is the platform team; agents refer to it.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "evalsuites")]
[KubernetesEntityShortNames("evs")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.builtin.cases.name", "Cases", "string")]
[GenericAdditionalPrinterColumn(".spec.job.template.spec.containers[0].image", "Image", "string")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class EvalSuite : CustomResource<EvalSuiteSpec, EvalSuiteStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "EvalSuite";

    /// <summary>Creates an empty one.</summary>
    public EvalSuite() => Kind = EntityKind;
}

/// <summary>A suite: exactly one of builtin, job and external.</summary>
[ValidationRule(
    "[has(self.builtin), has(self.job), has(self.external)].exists_one(one, one)",
    "spec must have exactly one of builtin, job and external"
)]
public sealed class EvalSuiteSpec
{
    /// <summary>Namespaces, besides the suite's own, whose agents may be evaluated by it; "*" is every namespace.</summary>
    [Items(0, 256), Length(1, 63), XListType("set")]
    public List<string> AllowedNamespaces { get; set; } = [];

    /// <summary>Cases that our own runner sends to the agent.</summary>
    public BuiltinSuite? Builtin { get; set; }

    /// <summary>A runner of your own, in any image, that writes a results file.</summary>
    public JobSuite? Job { get; set; }

    /// <summary>Results that CI measures and submits for a revision.</summary>
    public ExternalSuite? External { get; set; }

    /// <summary>
    /// Tries of a measurement that could not be made. What was measured is never tried again by itself, however it ended.
    /// </summary>
    [DefaultJson("3"), Range(1, 10)]
    public int? Attempts { get; set; }
}

/// <summary>
/// A runner of your own. It runs as a Job beside the suite, and our reporter, in the same pod, reads what it wrote when it has ended.
/// </summary>
public sealed class JobSuite
{
    /// <summary>
    /// An ordinary pod template; its first container is the runner. It gets AGENT_URL, EVAL_RUN_ID, EVAL_REVISION, EVAL_REPEATS and
    /// RESULTS_PATH, where it writes the results in any format that docs/evals.md lists.
    /// </summary>
    [Required, PreserveUnknownFields]
    public JsonObject Template { get; set; } = [];

    /// <summary>The name of the agent's port that AGENT_URL leads to; its first port where absent.</summary>
    [Length(1, 15)]
    public string? Port { get; set; }

    /// <summary>The path of AGENT_URL.</summary>
    [DefaultJson("\"/\""), Length(1, 256), Pattern(@"^/[^\s]*$")]
    public string? Path { get; set; }

    /// <summary>The name of the results file in the shared volume.</summary>
    [DefaultJson("\"results.json\""), Length(1, 128), Pattern("^[A-Za-z0-9][-A-Za-z0-9._]*$")]
    public string? ResultsFile { get; set; }

    /// <summary>A name of what is measured, for example the tag of the data set: another version makes another measurement.</summary>
    [Length(0, 128)]
    public string? Version { get; set; }
}

/// <summary>Results that are measured elsewhere and submitted with "kubectl agents evals submit".</summary>
public sealed class ExternalSuite
{
    /// <summary>The service accounts that may submit; the suite's namespace where none is named.</summary>
    [Required, Items(1, 32), XListType("atomic")]
    public List<NamespacedReference> ServiceAccounts { get; set; } = [];

    /// <summary>A name of what is measured, for example the tag of the data set: another version makes another measurement.</summary>
    [Length(0, 128)]
    public string? Version { get; set; }
}

/// <summary>Cases that our own runner sends to the agent's OpenAI-compatible chat endpoint.</summary>
[ValidationRule("has(self.cases) != has(self.volume)", "builtin must have either cases or volume")]
public sealed class BuiltinSuite
{
    /// <summary>
    /// The ConfigMap, in the suite's namespace, and the key that holds the cases: JSON Lines, or YAML where the key ends in ".yaml" or
    /// ".yml"; see docs/eval-cases.md.
    /// </summary>
    public KeyReference? Cases { get; set; }

    /// <summary>Cases in a volume instead, for sets that a ConfigMap does not hold.</summary>
    public CasesVolume? Volume { get; set; }

    /// <summary>The name of the agent's port that the cases go to; its first port where absent.</summary>
    [Length(1, 15)]
    public string? Port { get; set; }

    /// <summary>The path on the agent, an OpenAI-compatible chat completions endpoint.</summary>
    [DefaultJson("\"/v1/chat/completions\""), Length(1, 256), Pattern(@"^/[^\s]*$")]
    public string? Path { get; set; }

    /// <summary>Cases in flight at once.</summary>
    [DefaultJson("4"), Range(1, 64)]
    public int? Parallelism { get; set; }

    /// <summary>How long one case may take, as a duration such as "60s".</summary>
    [DefaultJson("\"60s\""), Pattern(GoDuration.Pattern)]
    public string? CaseTimeout { get; set; }

    /// <summary>A model that grades where a case's expectation says "judge"; a guardrail of its own stands in front of it.</summary>
    public JudgeSpec? Judge { get; set; }

    /// <summary>
    /// More of the runner's pod: nodeSelector, tolerations, affinity, serviceAccountName, imagePullSecrets and priorityClassName, as in a
    /// pod's spec.
    /// </summary>
    [PreserveUnknownFields]
    public JsonObject? Pod { get; set; }

    /// <summary>The runner's resources, as in a container.</summary>
    [PreserveUnknownFields]
    public JsonObject? Resources { get; set; }
}

/// <summary>
/// A file of cases in a PersistentVolumeClaim of the suite's namespace. The operator cannot see it, so its version is declared.
/// </summary>
public sealed class CasesVolume
{
    /// <summary>The PersistentVolumeClaim. The runner mounts it read-only.</summary>
    [Required, Length(1, 253)]
    public string ClaimName { get; set; } = string.Empty;

    /// <summary>The file in the volume, JSON Lines, or YAML where it ends in ".yaml" or ".yml".</summary>
    [Required, Length(1, 512), Pattern(@"^[^/.][^\s]*$")]
    public string Path { get; set; } = string.Empty;

    /// <summary>A name of the file's content: another version makes another measurement. Change it with the file.</summary>
    [Required, Length(1, 128)]
    public string Version { get; set; } = string.Empty;
}

/// <summary>A model that grades answers by the rubric of a case, at temperature 0.</summary>
[ValidationRule(
    "!has(self.credentials) || self.url.startsWith('https://') || (has(self.insecure) && self.insecure)",
    "a key is sent over https; insecure: true lets it go in the clear to a Service of the cluster"
)]
public sealed class JudgeSpec
{
    /// <summary>The provider's base URL, OpenAI-compatible, for example "https://api.openai.com/v1".</summary>
    [Required, Length(1, 512), Pattern(@"^https?://[^\s?#@]+$")]
    public string Url { get; set; } = string.Empty;

    /// <summary>The model; it must have a price.</summary>
    [Required, Length(1, 128)]
    public string Model { get; set; } = string.Empty;

    /// <summary>The provider's key, in the suite's namespace. Only the guardrail mounts it.</summary>
    public UpstreamCredentials? Credentials { get; set; }

    /// <summary>
    /// True: the key may be sent over http to a Service of the cluster, so that whoever can read the pod's traffic can read it.
    /// </summary>
    public bool? Insecure { get; set; }

    /// <summary>Votes for each answer, an odd number; the median counts. A case may say otherwise.</summary>
    [DefaultJson("1"), Range(1, 9)]
    public int? Votes { get; set; }

    /// <summary>
    /// What the judge may cost for one revision of an agent, in USD as a decimal string. The agent's own calls do not count for it.
    /// </summary>
    [DefaultJson("\"1.00\""), Pattern(Money.Pattern)]
    public string? MaxCost { get; set; }
}

/// <summary>Nothing is recorded about a suite itself; its runs have the record.</summary>
public sealed class EvalSuiteStatus;
