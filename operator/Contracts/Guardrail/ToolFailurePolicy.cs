namespace AgentReadiness.Contracts.Guardrail;

/// <summary>What is done where a tool fails.</summary>
public sealed class ToolFailurePolicy
{
    /// <summary>Count: it is counted and logged.</summary>
    public const string Count = "Count";

    /// <summary>Mark: and the model is told in a sentence before the result.</summary>
    public const string Mark = "Mark";

    /// <summary>Stop: and a run ends after <see cref="StopAfter"/> of them in a row.</summary>
    public const string Stop = "Stop";

    /// <summary>Count, Mark or Stop; each does what those before it do, too.</summary>
    public required string Action { get; init; }

    /// <summary>After how many failures in a row a run ends; only of <see cref="Stop"/>.</summary>
    public int StopAfter { get; set; } = 3;

    /// <summary>What of an answer that says nothing of a failure is one all the same.</summary>
    public IReadOnlyList<ToolFailureRule> Failures { get; set; } = [];
}
