namespace AgentReadiness.Contracts.Grants;

/// <summary>Spend by one value.</summary>
public sealed record SpendValue
{
    /// <summary>The value.</summary>
    public required string Value { get; init; }

    /// <summary>What was booked, USD.</summary>
    public Money Cost { get; init; }

    /// <summary>Calls that it was booked for.</summary>
    public long Calls { get; init; }
}
