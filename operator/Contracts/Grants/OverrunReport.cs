namespace AgentReadiness.Contracts.Grants;

/// <summary>A call that cost more than its upper bound.</summary>
public sealed record OverrunReport
{
    /// <summary>The price rule's ID.</summary>
    public required string Rule { get; init; }

    /// <summary>The model, as the agent named it.</summary>
    public required string Model { get; init; }

    /// <summary>What was booked, USD.</summary>
    public Money Cost { get; init; }

    /// <summary>What had been reserved, USD.</summary>
    public Money Reserved { get; init; }

    /// <summary>Why the bound did not hold.</summary>
    public required string Why { get; init; }

    /// <summary>When, in whole seconds.</summary>
    public required DateTimeOffset At { get; init; }
}
