namespace AgentReadiness.Contracts.Grants;

/// <summary>A run that ended.</summary>
public sealed record RunSpend
{
    /// <summary>Its ID.</summary>
    public required string Id { get; init; }

    /// <summary>What it cost, USD; calls in flight at its end at their upper bound.</summary>
    public Money Cost { get; init; }
}
