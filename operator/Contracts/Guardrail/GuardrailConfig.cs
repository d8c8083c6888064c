using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Contracts.Guardrail;

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
    public CallPolicy ToolCall { get; set; } = new() { Timeout = "15s", EventTimeout = "60s" };

    /// <summary>Retry budget, circuit breaker and concurrency; null: none of them is declared.</summary>
    public ReliabilityPolicy? Reliability { get; set; }

    /// <summary>What one call and one run may cost; null: no such limit.</summary>
    public RunLimits? Limits { get; set; }

    /// <summary>Tags that spend is told apart by: <c>spec.budget.attribution</c>.</summary>
    public IReadOnlyList<string> Attribution { get; set; } = [];

    /// <summary>Those of <see cref="Attribution"/> that a client of the agent may name: <c>spec.budget.clientAttribution</c>.</summary>
    public IReadOnlyList<string> ClientAttribution { get; set; } = [];

    /// <summary>
    /// What a request for <c>/drain</c> that comes from outside of the pod must name as its token: the kubelet knows it from the pod. Null:
    /// only the pod itself may ask.
    /// </summary>
    public string? DrainToken { get; set; }

    /// <summary>The base URL of an OpenTelemetry collector that takes OTLP over HTTP; null: none.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>True: what <see cref="Limits"/> would refuse is counted and logged, and passes.</summary>
    public bool Observe { get; set; }

    /// <summary>Tools that the agent may call: exact, or with "*" for any run of characters. Empty: every tool.</summary>
    public IReadOnlyList<string> AllowedTools { get; set; } = [];

    /// <summary>Tools whose calls are sent once; null: none.</summary>
    public SideEffectPolicy? SideEffects { get; set; }

    /// <summary>What is done where a tool fails; null: nothing, and nobody looks.</summary>
    public ToolFailurePolicy? ToolFailures { get; set; }

    /// <summary>How calls of tools are held against their schemas; null: not at all.</summary>
    public ToolSchemaPolicy? ToolSchemas { get; set; }

    /// <summary>What is done where a text gives the model orders; null: nothing, and nobody looks.</summary>
    public ScreeningPolicy? Screening { get; set; }

    /// <summary>What is done with a model request that does not fit the context window; null: nothing, and nobody looks.</summary>
    public ContextPolicy? Context { get; set; }

    /// <summary>
    /// The faults that evaluations make on purpose. Null: none, and so it is in every pod that serves: a guardrail of another track makes
    /// none, whatever stands here.
    /// </summary>
    public IReadOnlyList<ChaosPlan>? Chaos { get; set; }

    /// <summary>Origins of pages in a browser of the pod that may call, such as <c>http://localhost:3000</c>. Empty: none may.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>The longest time that <c>/drain</c> waits for runs in flight, as a Go duration.</summary>
    public string DrainTimeout { get; set; } = "30s";

    /// <summary>
    /// True: the process beside it ends, and this one with it, when a process of the pod posts to <c>/quit</c> on the admin port.
    /// </summary>
    public bool Ephemeral { get; set; }

    /// <summary>Where money comes from; null where the agent has no budget window: then calls are counted and never refused.</summary>
    public BudgetAuthority? Budget { get; init; }
}
