namespace AgentReadiness.Contracts.Grants;

/// <summary>A price rule whose models are refused.</summary>
public sealed record RefusedRule
{
    /// <summary>The price rule's ID.</summary>
    public required string Rule { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }
}
