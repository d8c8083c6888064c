using System.Text.Json.Serialization;

namespace AgentReadiness.Api.Guardrail;

/// <summary>
/// What the operator tells a guardrail, as the file <see cref="GuardrailPaths.Config"/>. The file carries no secret: keys and
/// tokens are named by the path where the kubelet mounts them.
/// </summary>
/// <remarks>What has a default is settable: the JSON source generator ignores the defaults of init-only properties.</remarks>
public sealed class GuardrailConfig
{
    /// <summary>Whose guardrail this is.</summary>
    public required GuardrailIdentity Agent { get; init; }

    /// <summary>The agent's ports that the guardrail fronts.</summary>
    public IReadOnlyList<InboundPort> Inbound { get; set; } = [];

    /// <summary>What the agent may call, as http://127.0.0.1:15080/NAME/…</summary>
    public IReadOnlyList<UpstreamConfig> Upstreams { get; set; } = [];

    /// <summary>Models that the agent may name: exact, or with "*" for any run of characters. Empty: every priced model.</summary>
    public IReadOnlyList<string> AllowedModels { get; set; } = [];

    /// <summary>The output limit, in tokens, that is added to a request that names none.</summary>
    public int MaxOutputTokens { get; set; } = 4096;

    /// <summary>
    /// The least output limit, in tokens, to which a call is lowered so that it fits a cap; below it the call is refused.
    /// </summary>
    public int MinOutputTokens { get; set; } = 256;

    /// <summary>Timeouts and attempts of model calls.</summary>
    public CallPolicy ModelCall { get; set; } = new();

    /// <summary>Timeouts and attempts of tool calls.</summary>
    public CallPolicy ToolCall { get; set; } = new() { Timeout = "15s" };

    /// <summary>What one call and one run may cost; null: no such limit.</summary>
    public RunLimits? Limits { get; set; }

    /// <summary>Tags that spend is told apart by: <c>spec.budget.attribution</c>.</summary>
    public IReadOnlyList<string> Attribution { get; set; } = [];

    /// <summary>The base URL of an OpenTelemetry collector that takes OTLP over HTTP; null: none.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>True: what <see cref="Limits"/> would refuse is counted and logged, and passes.</summary>
    public bool Observe { get; set; }

    /// <summary>Tools that the agent may call: exact, or with "*" for any run of characters. Empty: every tool.</summary>
    public IReadOnlyList<string> AllowedTools { get; set; } = [];

    /// <summary>The longest time that <c>/drain</c> waits for runs in flight, as a Go duration.</summary>
    public string DrainTimeout { get; set; } = "30s";

    /// <summary>
    /// True: the process beside it ends, and this one with it, when a process of the pod posts to <c>/quit</c> on the admin port.
    /// </summary>
    public bool Ephemeral { get; set; }

    /// <summary>Where money comes from; null where the agent has no budget window: then calls are counted and never refused.</summary>
    public BudgetAuthority? Budget { get; init; }
}

/// <summary>The agent, its revision and its track.</summary>
public sealed class GuardrailIdentity
{
    /// <summary>The AgentDeployment's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The AgentDeployment's name.</summary>
    public required string Name { get; init; }

    /// <summary>The revision, as in <c>status.servingRevision</c>.</summary>
    public required string Revision { get; init; }

    /// <summary><c>serving</c>, <c>eval</c> or <c>judge</c>.</summary>
    public required string Track { get; init; }
}

/// <summary>A port of the pod that the guardrail listens on, and the agent's own port behind it (127.0.0.1).</summary>
public sealed class InboundPort
{
    /// <summary>The port's name in <c>spec.ports</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The guardrail's port, on every address of the pod.</summary>
    public required int ListenPort { get; init; }

    /// <summary>The agent's port.</summary>
    public required int TargetPort { get; init; }
}

/// <summary>A provider that the agent may call.</summary>
public sealed class UpstreamConfig
{
    /// <summary>The first path segment under which the agent reaches it; a DNS label.</summary>
    public required string Name { get; init; }

    /// <summary>The wire format: <c>OpenAI</c>, <c>Anthropic</c>, <c>Gemini</c>, <c>MCP</c> or <c>HTTP</c>.</summary>
    public required string Format { get; init; }

    /// <summary>The base URL, with its version path where the provider has one ("https://host/v1").</summary>
    public required string Url { get; init; }

    /// <summary>The file that holds the provider's key; read again when it changes. Null: no credential is added.</summary>
    public string? KeyFile { get; init; }

    /// <summary>PEM certificates that the provider's certificate must chain to; null: those of the image.</summary>
    public string? CaFile { get; init; }

    /// <summary>An HTTP proxy to reach it through, as a URL; null: none.</summary>
    public string? Proxy { get; init; }
}

/// <summary>How long a call may take and how often it is tried. Durations are Go durations.</summary>
public sealed class CallPolicy
{
    /// <summary>The whole of one attempt.</summary>
    public string Timeout { get; set; } = "60s";

    /// <summary>From sending to the first byte of the answer; null: <see cref="Timeout"/>.</summary>
    public string? FirstByteTimeout { get; set; }

    /// <summary>From one piece of a streamed answer to the next; null: <see cref="Timeout"/>.</summary>
    public string? EventTimeout { get; set; }

    /// <summary>Attempts in all, 1 to 10. Another one follows only while the agent has seen no byte of an answer.</summary>
    public int Attempts { get; set; } = 1;
}

/// <summary>Limits of one call and of one run. Null or 0: no such limit.</summary>
public sealed class RunLimits
{
    /// <summary>The most that one model call may cost, USD as a decimal string.</summary>
    public string? CallMaxCost { get; set; }

    /// <summary>The most that one run may cost, USD as a decimal string.</summary>
    public string? MaxCost { get; set; }

    /// <summary>The most tokens of one run, input and output.</summary>
    public long MaxTokens { get; set; }

    /// <summary>The most model calls of one run.</summary>
    public int MaxSteps { get; set; }

    /// <summary>The most tool calls of one run.</summary>
    public int MaxToolCalls { get; set; }

    /// <summary>The most identical calls of one run.</summary>
    public int MaxRepeats { get; set; }

    /// <summary>
    /// The longest that one run may take, as a Go duration; also the length of the account of calls that belong to no run.
    /// </summary>
    public string? MaxDuration { get; set; }

    /// <summary>The most model calls of this pod in a minute.</summary>
    public int RequestsPerMinute { get; set; }

    /// <summary>The most tokens of this pod in a minute, counted as the upper bound of each call when it starts.</summary>
    public long TokensPerMinute { get; set; }
}

/// <summary>The operator's grant endpoint and how the two trust each other.</summary>
public sealed class BudgetAuthority
{
    /// <summary>Base URL, https; grants are POSTed to <see cref="GrantProtocol.Path"/> under it.</summary>
    public required string Url { get; init; }

    /// <summary>PEM certificates that the endpoint's certificate must chain to.</summary>
    public required string CaFile { get; init; }

    /// <summary>The projected service-account token of audience <see cref="GrantProtocol.Audience"/>; the kubelet rotates it.</summary>
    public required string TokenFile { get; init; }

    /// <summary>True: spend is counted and what would be refused is told, but no call waits or is refused for money.</summary>
    public bool Observe { get; init; }

    /// <summary>How long a call that fits the cap waits for money that others hold, as a Go duration.</summary>
    public string MaxWait { get; set; } = "2s";

    /// <summary>
    /// How long after the endpoint stopped answering calls still wait for it, as a Go duration: longer than a leader's Lease (15 s) and
    /// the start of its successor take, so that a failover delays calls and loses none.
    /// </summary>
    public string FailoverWait { get; set; } = "25s";
}

/// <summary>Times that the pod's grace and the guardrail share.</summary>
public static class GuardrailTimes
{
    /// <summary>
    /// Seconds of a pod's grace period that are left when <c>/drain</c> gives up waiting for runs: for model calls in flight and the
    /// closing report.
    /// </summary>
    public const int AfterDrain = 45;
}

/// <summary>Fixed ports of a guardrail.</summary>
public static class GuardrailPorts
{
    /// <summary>The agent's calls out, on 127.0.0.1 only.</summary>
    public const int Egress = 15080;

    /// <summary><c>/healthz</c>, <c>/readyz</c>, <c>/drain</c>, <c>/metrics</c>, on every address of the pod.</summary>
    public const int Admin = 15082;

    /// <summary>The first inbound port; the n-th declared port listens on this plus n.</summary>
    public const int FirstInbound = 15090;
}

/// <summary>Fixed paths inside the guardrail's container.</summary>
public static class GuardrailPaths
{
    /// <summary>The path on the admin port that ends an ephemeral guardrail.</summary>
    public const string Quit = "/quit";

    /// <summary>The directory where the configuration is mounted.</summary>
    public const string ConfigDirectory = "/etc/agent-readiness";

    /// <summary>The configuration, JSON of <see cref="GuardrailConfig"/>.</summary>
    public const string Config = ConfigDirectory + "/config.json";

    /// <summary>
    /// Prices that are laid over the shipped ones, in the catalog's own format (docs/pricing.md); absent: the shipped ones alone.
    /// </summary>
    public const string Prices = ConfigDirectory + "/prices.json";

    /// <summary>The certificates that the grant endpoint's certificate must chain to.</summary>
    public const string CaFile = ConfigDirectory + "/ca.crt";

    /// <summary>The directory of the provider keys, one folder per upstream.</summary>
    public const string KeysDirectory = "/var/run/agent-readiness/keys";

    /// <summary>The directory of the certificates of private authorities, one folder per upstream.</summary>
    public const string AuthoritiesDirectory = "/var/run/agent-readiness/ca";

    /// <summary>The directory of the projected service-account token.</summary>
    public const string TokenDirectory = "/var/run/agent-readiness/token";

    /// <summary>The projected service-account token.</summary>
    public const string Token = TokenDirectory + "/token";

    /// <summary>The directory in memory where the guardrail writes down what it holds. It lives as long as the pod.</summary>
    public const string JournalDirectory = "/var/run/agent-readiness/journal";

    /// <summary>The file whose content the kubelet puts into the pod's status when the container ends.</summary>
    public const string TerminationLog = "/dev/termination-log";
}

/// <summary>JSON of the guardrail's configuration and grant protocol, generated at compile time so that Native AOT can use it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(GuardrailConfig))]
[JsonSerializable(typeof(GrantRequest))]
[JsonSerializable(typeof(GrantResponse))]
[JsonSerializable(typeof(LastReports))]
public sealed partial class GuardrailJson : JsonSerializerContext;
