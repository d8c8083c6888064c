using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Resources;

/// <summary>How calls out behave when the other side is slow or broken.</summary>
public sealed class ReliabilitySpec
{
    /// <summary>Model calls.</summary>
    public CallSpec? ModelCall { get; set; }

    /// <summary>Tool calls: requests to upstreams of the formats MCP and HTTP.</summary>
    public ToolCallSpec? ToolCall { get; set; }

    /// <summary>
    /// Enforce, or Observe: what retryBudgetPercent, circuitBreaker and maxConcurrentCalls would refuse is counted and logged, and passes.
    /// </summary>
    [DefaultJson("\"Enforce\"")]
    public ReliabilityMode? Mode { get; set; }

    /// <summary>
    /// The most repeated calls of a pod to an upstream, as a percentage of its calls of the last minute, and 3 where there are hardly any
    /// calls; 0: none. Attempts of the guardrail count, and so do retries of SDKs, which are known by the same run and body. Absent: no
    /// such limit.
    /// </summary>
    [Range(0, 100)]
    public int? RetryBudgetPercent { get; set; }

    /// <summary>Refuses calls of an upstream for a time when too many of them failed. Absent: never.</summary>
    public CircuitBreakerSpec? CircuitBreaker { get; set; }

    /// <summary>
    /// The most calls of a pod to one upstream at the same time. As many wait their turn, for half of their timeout and at most 10s.
    /// Absent: no such limit.
    /// </summary>
    [Range(1, 512)]
    public int? MaxConcurrentCalls { get; set; }

    /// <summary>
    /// Tools that change nothing, so that a call of them may be repeated: exact, or with "*" for any run of characters. An upstream of the
    /// format HTTP is one tool of its own name.
    /// </summary>
    [Items(0, 64), Length(1, 256), XListType("set")]
    public List<string> ReadOnlyTools { get; set; } = [];

    /// <summary>
    /// Tools that do something in the world: a call that is repeated is answered from what is known of the first one and is not sent again.
    /// </summary>
    public SideEffectsSpec? SideEffects { get; set; }

    /// <summary>How the agent says "I can't": such an answer is counted as a refusal and is no error.</summary>
    public RefusalSpec? Refusal { get; set; }
}

/// <summary>How the agent says that it cannot or will not do what it was asked for.</summary>
[ValidationRule("!has(self.cannotAnswerAfter) || has(self.message)", "cannotAnswerAfter needs message: it is what clients are answered")]
public sealed class RefusalSpec
{
    /// <summary>The HTTP status of a refusal. Take one that the agent's framework does not use for requests that it cannot read.</summary>
    [Range(400, 499), DefaultJson("422")]
    public int? StatusCode { get; set; }

    /// <summary>
    /// A text that a refusal holds, for example "I can't help with that.", and the answer of the guardrail after cannotAnswerAfter.
    /// </summary>
    [Length(1, 1024)]
    public string? Message { get; set; }

    /// <summary>
    /// The way to a value in an answer that is JSON, for example "refused": where anything but null, false, 0 and what is empty stands
    /// there, the answer is a refusal. choices[0].message.refusal always is one.
    /// </summary>
    [Length(1, MemberPath.Longest), Pattern(MemberPath.Pattern)]
    public string? Path { get; set; }

    /// <summary>
    /// After so many failed calls of tools, or of models, in a row the run is answered with statusCode and message instead of what the
    /// agent makes of it. Absent: never.
    /// </summary>
    [Range(1, 100)]
    public int? CannotAnswerAfter { get; set; }
}

/// <summary>Which calls of tools have side effects, so that each is sent once.</summary>
public sealed class SideEffectsSpec
{
    /// <summary>
    /// Tools of MCP servers: exact names, or with "*" for any run of characters; a plain HTTP upstream goes by its own name, and its GET,
    /// HEAD and OPTIONS have no side effects.
    /// </summary>
    [Required, Items(1, 64), Length(1, 128), XListType("set")]
    public List<string> Tools { get; set; } = [];

    /// <summary>How long a pod knows a call, from 1m to 168h, so that the same one is not sent again.</summary>
    [DefaultJson("\"24h\""), Pattern(GoDuration.Pattern)]
    public string? Window { get; set; }
}

/// <summary>Times and attempts of model calls.</summary>
public sealed class CallSpec
{
    /// <summary>The longest time that one attempt of a call may take, as a duration such as "60s".</summary>
    [DefaultJson("\"60s\""), Pattern(GoDuration.Pattern)]
    public string? Timeout { get; set; }

    /// <summary>The longest wait for the first byte of an answer; absent: timeout.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? FirstByteTimeout { get; set; }

    /// <summary>The longest wait between two pieces of a streamed answer; absent: timeout.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? EventTimeout { get; set; }

    /// <summary>
    /// Attempts in all. Another one follows a 408, 409, 429, 5xx or a broken connection, with growing, jittered delays or as Retry-After
    /// says, and only while the agent has seen no byte.
    /// </summary>
    [DefaultJson("1"), Range(1, 10)]
    public int? Attempts { get; set; }
}

/// <summary>Times and attempts of tool calls.</summary>
public sealed class ToolCallSpec
{
    /// <summary>The longest time that one tool call may take, as a duration such as "15s".</summary>
    [DefaultJson("\"15s\""), Pattern(GoDuration.Pattern)]
    public string? Timeout { get; set; }

    /// <summary>The longest wait for the first byte of an answer; absent: timeout.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? FirstByteTimeout { get; set; }

    /// <summary>
    /// The longest wait between two pieces of a streamed answer, such as the progress that an MCP server tells; absent: 60s. A stream may
    /// take longer than timeout.
    /// </summary>
    [Pattern(GoDuration.Pattern)]
    public string? EventTimeout { get; set; }

    /// <summary>
    /// Attempts in all, of calls that may be repeated: GET and HEAD of HTTP tools, MCP tools whose server says readOnlyHint or
    /// idempotentHint, those of readOnlyTools, and calls with an Idempotency-Key of the agent. All others are sent once.
    /// </summary>
    [DefaultJson("1"), Range(1, 10)]
    public int? Attempts { get; set; }
}

/// <summary>Whether retry budget, circuit breaker and concurrency refuse calls.</summary>
public enum ReliabilityMode
{
    /// <summary>What does not fit is refused.</summary>
    Enforce,

    /// <summary>Nothing is refused; what would be is counted and logged.</summary>
    Observe,
}

/// <summary>When calls of an upstream are refused because it fails. Each pod sees its own calls.</summary>
[ValidationRule("!has(self.slowCallPercent) || has(self.slowCallAfter)", "slowCallPercent needs slowCallAfter: without it no call is slow")]
public sealed class CircuitBreakerSpec
{
    /// <summary>It opens where this percentage of the calls in the window failed: no answer in time, a broken connection, or 5xx.</summary>
    [DefaultJson("50"), Range(1, 100)]
    public int? FailurePercent { get; set; }

    /// <summary>Fewer calls in the window than this prove nothing.</summary>
    [DefaultJson("20"), Range(1, 10000)]
    public int? MinimumCalls { get; set; }

    /// <summary>How long it stays open before one call tries the upstream again, as a duration such as "30s".</summary>
    [DefaultJson("\"30s\""), Pattern(GoDuration.Pattern)]
    public string? OpenFor { get; set; }

    /// <summary>How far back calls count, from 1s to 1h.</summary>
    [DefaultJson("\"60s\""), Pattern(GoDuration.Pattern)]
    public string? Window { get; set; }

    /// <summary>A call whose answer takes this long to begin is a slow one, as a duration such as "10s". Absent: none is.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? SlowCallAfter { get; set; }

    /// <summary>It opens where this percentage of the calls in the window was slow. Absent: failurePercent.</summary>
    [Range(1, 100)]
    public int? SlowCallPercent { get; set; }
}
