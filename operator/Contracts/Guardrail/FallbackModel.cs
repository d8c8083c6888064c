namespace AgentReadiness.Contracts.Guardrail;

/// <summary>A model that has another name at the upstream to which calls fall back.</summary>
public sealed class FallbackModel
{
    /// <summary>As the agent names it.</summary>
    public required string From { get; init; }

    /// <summary>As it is called there.</summary>
    public required string To { get; init; }
}
