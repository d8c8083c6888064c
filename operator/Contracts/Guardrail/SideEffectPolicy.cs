namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Which calls of tools have side effects, so that each of them is sent once.</summary>
public sealed class SideEffectPolicy
{
    /// <summary>
    /// The tools: names of an MCP server's tools or of plain HTTP upstreams, exact or with "*" for any run of characters. Not empty.
    /// </summary>
    public required IReadOnlyList<string> Tools { get; init; }

    /// <summary>How long a call is known, so that another one like it is not sent: a Go duration.</summary>
    public string Window { get; set; } = "24h";
}
