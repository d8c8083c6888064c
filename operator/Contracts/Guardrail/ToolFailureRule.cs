namespace AgentReadiness.Contracts.Guardrail;

/// <summary>
/// Which answers of a tool are failures. One of <see cref="Pattern"/>, <see cref="Path"/> and <see cref="Empty"/> is there.
/// </summary>
public sealed class ToolFailureRule
{
    /// <summary>The tool, an MCP server's or a plain HTTP upstream by its name: exact, or with "*" for any run of characters.</summary>
    public required string Tool { get; init; }

    /// <summary>A text that matches this regular expression: see <see cref="BoundedPattern"/>.</summary>
    public string? Pattern { get; set; }

    /// <summary>JSON with a value there: see <see cref="MemberPath"/>.</summary>
    public string? Path { get; set; }

    /// <summary>The value at <see cref="Path"/>; null: any but null, false, 0 and what is empty.</summary>
    public string? Value { get; set; }

    /// <summary>An answer with nothing in it.</summary>
    public bool Empty { get; set; }
}
