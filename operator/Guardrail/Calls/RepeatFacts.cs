using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What decides whether a call of a tool may be repeated.</summary>
internal sealed record RepeatFacts
{
    /// <summary>The upstream's format.</summary>
    public required WireFormat Format { get; init; }

    /// <summary>GET, POST, …</summary>
    public required string HttpMethod { get; init; }

    /// <summary>The tool that is called; null where the request calls none.</summary>
    public string? Tool { get; init; }

    /// <summary>The whole body is here, or there is none, so that the same call can be sent again.</summary>
    public bool HasWholeBody { get; init; }

    /// <summary>The call carries a key of the agent's own, by which the tool knows a call that comes twice.</summary>
    public bool HasKey { get; init; }

    /// <summary>The spec says that the tool changes nothing.</summary>
    public bool IsDeclaredReadOnly { get; init; }

    /// <summary>The tool's own server says that a call may be repeated.</summary>
    public bool IsHinted { get; init; }
}
