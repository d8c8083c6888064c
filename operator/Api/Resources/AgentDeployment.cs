using System.Text.Json.Nodes;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// An AI agent held to a production bar: no revision of it serves until its evals pass, a guardrail stands in front of every
/// model call, and it is stopped before it spends more than its budget.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "agentdeployments")]
[KubernetesEntityShortNames("agd")]
[Categories("agent-readiness")]
[ScaleSubresource(".spec.replicas", ".status.replicas", ".status.selector")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].status", "Ready", "string")]
[GenericAdditionalPrinterColumn(".status.phase", "Phase", "string")]
[GenericAdditionalPrinterColumn(".status.servingRevision", "Serving", "string")]
[GenericAdditionalPrinterColumn(".status.evalSummary", "Eval", "string")]
[GenericAdditionalPrinterColumn(".status.budget[0].spent", "Spend", "string")]
[GenericAdditionalPrinterColumn(".status.budget[0].cap", "Cap", "string")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].message", "Message", "string", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule(
    "self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "metadata.name must be a DNS label of at most 40 characters that begins with a letter: names of Services and Deployments derive from it"
)]
public sealed class AgentDeployment : CustomResource<AgentDeploymentSpec, AgentDeploymentStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "AgentDeployment";

    /// <summary>Creates an empty one.</summary>
    public AgentDeployment() => Kind = EntityKind;
}

/// <summary>What an agent is, and what it must prove and obey.</summary>
public sealed class AgentDeploymentSpec
{
    /// <summary>
    /// An ordinary pod template (metadata and spec). It is kept as it is written; the operator adds the guardrail to its own copy.
    /// Together with the content of the ConfigMaps that it references, guardrails and reliability it makes the revision.
    /// </summary>
    [Required, PreserveUnknownFields]
    public JsonObject Template { get; set; } = [];

    /// <summary>Pods that serve. The budget may lower the effective number, never this field.</summary>
    [DefaultJson("1"), Range(0, 1000)]
    public int? Replicas { get; set; }

    /// <summary>The agent's ports. The Service of the agent's name has them; the guardrail stands in front of each.</summary>
    [Required, Items(1, 8), XListType("map", "name")]
    public List<AgentPort> Ports { get; set; } = [];

    /// <summary>How a new revision takes over.</summary>
    [DefaultJson("{}")]
    public RolloutSpec? Rollout { get; set; }

    /// <summary>A PodDisruptionBudget for the pods that serve; absent: none.</summary>
    public DisruptionSpec? PodDisruptionBudget { get; set; }

    /// <summary>What every revision must pass before it serves. Empty: nothing is proven, and status says so.</summary>
    [Items(0, 8), XListType("atomic")]
    [ValidationRule(
        "self.all(one, !has(one.name) || self.exists_one(other, has(other.name) && other.name == one.name))",
        "names of evals must differ"
    )]
    public List<EvalRequirement> Evals { get; set; } = [];

    /// <summary>What the agent may spend.</summary>
    public BudgetSpec? Budget { get; set; }

    /// <summary>How calls out behave when the other side is slow or broken.</summary>
    public ReliabilitySpec? Reliability { get; set; }

    /// <summary>What the agent may call, and how.</summary>
    public GuardrailsSpec? Guardrails { get; set; }

    /// <summary>Where the guardrail tells what it saw. No part of the revision.</summary>
    public TelemetrySpec? Telemetry { get; set; }
}

/// <summary>A port of the agent.</summary>
public sealed class AgentPort
{
    /// <summary>The port's name.</summary>
    [Required, Length(1, 15), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; set; } = string.Empty;

    /// <summary>The Service's port.</summary>
    [Required, Range(1, 65535)]
    public int Port { get; set; }

    /// <summary>The port that the agent's container listens on (0.0.0.0 or 127.0.0.1).</summary>
    [Required, Range(1, 65535)]
    public int TargetPort { get; set; }
}

/// <summary>What the agent may call, and how.</summary>
[ValidationRule(
    "!has(self.screening) || (has(self.upstreams) && size(self.upstreams) > 0)",
    "screening needs upstreams: without them nothing crosses the guardrail"
)]
[ValidationRule(
    "!has(self.context) || (has(self.upstreams) && self.upstreams.exists(u, u.format != 'MCP' && u.format != 'HTTP'))",
    "context needs the model's provider in upstreams: without it no request is seen"
)]
[ValidationRule(
    "!has(self.upstreams) || self.upstreams.all(one, !has(one.fallback) || self.upstreams.exists(other, "
        + "other.name == one.fallback.upstream && other.name != one.name && other.format == one.format && "
        + "!(other.format in ['MCP', 'HTTP'])))",
    "fallback.upstream must name another upstream of models that has the same format"
)]
[ValidationRule(
    "!has(self.models) || !has(self.models.allow) || size(self.models.allow) == 0 || "
        + "self.models.allow.exists(name, name.contains('*')) || !has(self.upstreams) || self.upstreams.all(one, "
        + "!has(one.fallback) || !has(one.fallback.models) || one.fallback.models.all(from, "
        + "from in self.models.allow && one.fallback.models[from] in self.models.allow))",
    "fallback.models must name models that models.allow lists"
)]
public sealed class GuardrailsSpec
{
    /// <summary>Models.</summary>
    public ModelsSpec? Models { get; set; }

    /// <summary>Tools.</summary>
    public ToolsSpec? Tools { get; set; }

    /// <summary>What is done where a text of a user or of a tool gives the model orders.</summary>
    public ScreeningSpec? Screening { get; set; }

    /// <summary>What is done with a model request that does not fit the context window.</summary>
    public ContextSpec? Context { get; set; }

    /// <summary>
    /// Origins of pages in a browser of the pod that may call the guardrail, for example "http://localhost:3000". Empty: no page may.
    /// </summary>
    [Items(0, 16), Length(8, 256), Pattern(@"^https?://[^/\s?#@]+$"), XListType("set")]
    public List<string> AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Providers and tool servers; the agent calls http://127.0.0.1:15080/NAME/… The first of a format also gets the variables that its SDK
    /// reads.
    /// </summary>
    [Items(0, 16), XListType("map", "name")]
    public List<Upstream> Upstreams { get; set; } = [];

    /// <summary>
    /// Resources of the guardrail's container, where a quota or a LimitRange of the namespace asks for others than the operator's. Of each
    /// resource that is named here, request and limit count as they are here. No part of the revision: a change restarts the pods, and no
    /// gate.
    /// </summary>
    public ResourcesSpec? Resources { get; set; }
}

/// <summary>Which models an agent may call.</summary>
public sealed class ModelsSpec
{
    /// <summary>
    /// Allowed models: exact names, or with "*" for any run of characters. Empty: every model that the price catalog knows.
    /// </summary>
    [Items(0, 64), Length(1, 128), XListType("set")]
    public List<string> Allow { get; set; } = [];

    /// <summary>The output limit, in tokens, of a request that names none.</summary>
    [DefaultJson("4096"), Range(1, 1000000)]
    public int? MaxOutputTokens { get; set; }
}

/// <summary>Which tools an agent may call, and what is done where one fails.</summary>
[ValidationRule(
    "!has(self.stopAfter) || (has(self.onToolError) && self.onToolError == 'Stop')",
    "stopAfter needs onToolError: Stop: nothing else ends a run"
)]
[ValidationRule(
    "!has(self.failures) || size(self.failures) == 0 || has(self.onToolError)",
    "failures needs onToolError: without it nobody looks for failures"
)]
[ValidationRule(
    "!has(self.schemaFailMode) || (has(self.schemaCheck) && self.schemaCheck == 'Enforce')",
    "schemaFailMode needs schemaCheck: Enforce: nothing else refuses"
)]
public sealed class ToolsSpec
{
    /// <summary>
    /// Allowed tools of MCP servers: exact names, or with "*" for any run of characters; a plain HTTP upstream goes by its own name. Empty:
    /// every tool.
    /// </summary>
    [Items(0, 64), Length(1, 128), XListType("set")]
    public List<string> Allow { get; set; } = [];

    /// <summary>
    /// What is done where a tool fails: an MCP result with isError, a JSON-RPC error, an HTTP status from 400 on, no answer, or what
    /// failures declares. Each does what those before it do, too. Absent: nothing.
    /// </summary>
    public ToolErrorAction? OnToolError { get; set; }

    /// <summary>With onToolError Stop: after so many failures in a row, the run's further calls are refused. Absent: 3.</summary>
    [Range(1, 100)]
    public int? StopAfter { get; set; }

    /// <summary>Answers that are failures although the tool does not say so.</summary>
    [Items(0, 16), XListType("atomic")]
    public List<ToolFailureSpec> Failures { get; set; } = [];

    /// <summary>
    /// What is done where a call names no known tool or breaks its schema: calls of the agent against what the MCP server lists, calls that
    /// a model asks for against the tools of its request. Each does what those before it do, too. Absent: nobody looks.
    /// </summary>
    public SchemaCheckMode? SchemaCheck { get; set; }

    /// <summary>
    /// With schemaCheck Enforce: what is done with a call that cannot be checked, for example since the pod has seen no list of tools, or
    /// the tool has no schema. Absent: Open.
    /// </summary>
    public FailMode? SchemaFailMode { get; set; }

    /// <summary>
    /// What is done where an MCP server changes what it lists of a tool after a pod saw it first. Absent: nobody looks.
    /// </summary>
    public ToolChangeMode? OnToolChange { get; set; }
}

/// <summary>What is done where a call of a tool does not fit.</summary>
public enum SchemaCheckMode
{
    /// <summary>It is counted.</summary>
    Observe,

    /// <summary>It is logged, and told to the agent in a header where none has gone out yet.</summary>
    Mark,

    /// <summary>It does not pass: the model is told what to correct, or the answer is refused.</summary>
    Enforce,
}

/// <summary>What is done where a tool changes.</summary>
public enum ToolChangeMode
{
    /// <summary>It is counted and logged.</summary>
    Observe,

    /// <summary>Calls of the tool are refused until it is what it was.</summary>
    Enforce,
}

/// <summary>What is done where a tool fails.</summary>
public enum ToolErrorAction
{
    /// <summary>It is counted and logged.</summary>
    Count,

    /// <summary>
    /// The model is told in a sentence before the result of an MCP tool, the agent by a header of a plain HTTP tool's answer.
    /// </summary>
    Mark,

    /// <summary>After some failures in a row the run ends.</summary>
    Stop,
}

/// <summary>Answers of a tool that are failures: one of pattern, path and empty.</summary>
[ValidationRule(
    "(has(self.pattern) ? 1 : 0) + (has(self.path) ? 1 : 0) + (has(self.empty) && self.empty ? 1 : 0) == 1",
    "exactly one of pattern, path and empty: true must be there"
)]
[ValidationRule("!has(self.value) || has(self.path)", "value needs path: it is what stands there")]
public sealed class ToolFailureSpec
{
    /// <summary>
    /// The tool of an MCP server: its exact name, or with "*" for any run of characters; a plain HTTP upstream goes by its own name.
    /// </summary>
    [Required, Length(1, 128)]
    public string Tool { get; set; } = string.Empty;

    /// <summary>
    /// A regular expression that a text of the answer matches, for example "(?i)^error". It has no look-around and no back references, and
    /// sees the first 64 KiB of each text.
    /// </summary>
    [Length(1, BoundedPattern.Longest)]
    public string? Pattern { get; set; }

    /// <summary>The way to a value in an answer that is JSON, for example "error" or "$.status.code".</summary>
    [Length(1, MemberPath.Longest), Pattern(MemberPath.Pattern)]
    public string? Path { get; set; }

    /// <summary>What stands at path, for example "failed" or "false". Absent: anything but null, false, 0 and what is empty.</summary>
    [Length(1, 256)]
    public string? Value { get; set; }

    /// <summary>An answer with nothing in it: no text, or JSON of nothing but null, empty texts, lists and objects.</summary>
    public bool? Empty { get; set; }
}
