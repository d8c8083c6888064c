using AgentReadiness.Api.Schema;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>A held-out set of cases with graded expectations, and how to run it. Its owner is the platform team; agents refer to it.</summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "evalsuites")]
[KubernetesEntityShortNames("evs")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.builtin.cases.name", "Cases", "string")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class EvalSuite : CustomResource<EvalSuiteSpec, EvalSuiteStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "EvalSuite";

    /// <summary>Creates an empty one.</summary>
    public EvalSuite() => Kind = EntityKind;
}

/// <summary>A suite.</summary>
public sealed class EvalSuiteSpec
{
    /// <summary>Namespaces, besides the suite's own, whose agents may be evaluated by it; "*" is every namespace.</summary>
    [Items(0, 256), Length(1, 63), XListType("set")]
    public List<string> AllowedNamespaces { get; set; } = [];

    /// <summary>Cases that our own runner sends to the agent.</summary>
    [Required]
    public BuiltinSuite Builtin { get; set; } = new();
}

/// <summary>Cases that our own runner sends to the agent's OpenAI-compatible chat endpoint.</summary>
public sealed class BuiltinSuite
{
    /// <summary>The ConfigMap, in the suite's namespace, and the key that holds the cases: JSON Lines, one case a line.</summary>
    [Required]
    public KeyReference Cases { get; set; } = new();

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
}

/// <summary>Nothing is recorded about a suite itself; its runs have the record.</summary>
public sealed class EvalSuiteStatus;
