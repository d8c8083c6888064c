namespace AgentReadiness.Contracts.Chaos;

/// <summary>A fault that an evaluation makes on purpose. Exactly one of <see cref="Upstream"/> and <see cref="Tool"/> is there.</summary>
public sealed class ChaosFault
{
    /// <summary>Which: one of <see cref="ChaosFaults.All"/>.</summary>
    public required string Fault { get; init; }

    /// <summary>The upstream whose model calls meet it, or "*" for each; null: it is a fault of tools.</summary>
    public string? Upstream { get; set; }

    /// <summary>
    /// The tool whose calls meet it, of an MCP server or a plain HTTP upstream by its name: exact, or with "*" for any run of characters.
    /// Null: it is a fault of models.
    /// </summary>
    public string? Tool { get; set; }

    /// <summary>The share of the calls that meet it, 1 to 100.</summary>
    public required int Percent { get; init; }

    /// <summary>How long an answer is held back, as a Go duration; only of <see cref="ChaosFaults.Slow"/>.</summary>
    public string? Delay { get; set; }

    /// <summary>What is put into a tool's result; only of <see cref="ChaosFaults.InjectedText"/>.</summary>
    public string? Text { get; set; }

    /// <summary>Whether calls of a target may meet it.</summary>
    public bool Concerns(ChaosTarget target) =>
        target.IsTool
            ? Tool is not null && NamePattern.Matches(Tool, target.Name)
            : Upstream is not null && (Upstream == ChaosFaults.Every || Upstream == target.Name);
}
