using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Chaos;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// Faults that the candidate meets while it is evaluated, made by its own guardrail and by no other: pods that serve never meet one. Which
/// call of which case meets which fault follows from the seed, so that the same candidate meets the same faults again.
/// </summary>
public sealed record ChaosSpec
{
    /// <summary>Another number makes other calls meet the faults.</summary>
    [DefaultJson("0"), Range(0, int.MaxValue)]
    public int? Seed { get; init; }

    /// <summary>The faults. A call meets at most one of them.</summary>
    [Required, Items(1, ChaosFaults.Most), XListType("atomic")]
    [ValidationRule(
        "self.all(f, self.filter(g, (has(f.tool) && has(g.tool) && (g.tool == f.tool || f.tool.contains('*') || g.tool.contains('*')))"
            + " || (has(f.upstream) && has(g.upstream) && (g.upstream == f.upstream || f.upstream == '*' || g.upstream == '*')))"
            + ".map(g, g.percent).sum() <= 100)",
        "the percents of the faults of one upstream, or of one tool, must sum to at most 100; patterns with \"*\" count for every tool"
    )]
    public IReadOnlyList<ChaosFaultSpec> Faults { get; init; } = [];
}

/// <summary>A fault, and the calls that meet it.</summary>
[ValidationRule("has(self.upstream) != has(self.tool)", "exactly one of upstream and tool must be there")]
[ValidationRule(
    "has(self.tool) || !(self.fault in ['ToolError', 'InjectedText'])",
    "ToolError and InjectedText are faults of tools: name a tool and no upstream"
)]
[ValidationRule("!has(self.delay) || self.fault == 'Slow'", "delay needs fault: Slow: nothing else waits")]
[ValidationRule("!has(self.text) || self.fault == 'InjectedText'", "text needs fault: InjectedText: nothing else puts a text in")]
public sealed record ChaosFaultSpec
{
    /// <summary>What happens.</summary>
    [Required]
    public ChaosFaultKind? Fault { get; init; }

    /// <summary>The upstream of spec.guardrails.upstreams whose model calls meet it, or "*" for all of them.</summary>
    [Length(1, 40), Pattern(@"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$")]
    public string? Upstream { get; init; }

    /// <summary>
    /// The tool whose calls meet it: a tool of an MCP server, exact or with "*" for any run of characters; a plain HTTP upstream goes by
    /// its own name.
    /// </summary>
    [Length(1, 128)]
    public string? Tool { get; init; }

    /// <summary>The share of the calls that meet it.</summary>
    [Required, Range(1, 100)]
    public int? Percent { get; init; }

    /// <summary>Of Slow: how long the answer is held back, as a duration such as "5s". Absent: 5s.</summary>
    [Pattern(GoDuration.Pattern)]
    public string? Delay { get; init; }

    /// <summary>Of InjectedText: what is put into the tool's result. Absent: an order to ignore all that was said before.</summary>
    [Length(1, 1024)]
    public string? Text { get; init; }
}

/// <summary>A fault that is made on purpose.</summary>
public enum ChaosFaultKind
{
    /// <summary>Status 429 with Retry-After. The call is not sent, and costs nothing.</summary>
    RateLimited,

    /// <summary>Status 500. The call is not sent, and costs nothing.</summary>
    ServerError,

    /// <summary>The answer comes late.</summary>
    Slow,

    /// <summary>The answer breaks off after it has begun.</summary>
    BrokenStream,

    /// <summary>The answer is no JSON.</summary>
    WrongJson,

    /// <summary>The tool says that it failed. It is not called.</summary>
    ToolError,

    /// <summary>A text that gives orders stands in the tool's result.</summary>
    InjectedText,
}
