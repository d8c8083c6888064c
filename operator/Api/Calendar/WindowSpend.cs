namespace AgentReadiness.Api.Calendar;

/// <summary>What is known of the spend of a window, in one unit: USD or tokens.</summary>
/// <param name="Spent">What is spent, unproven spend included.</param>
/// <param name="Known">Until when the spend is known.</param>
public sealed record WindowSpend(decimal Spent, DateTimeOffset Known)
{
    /// <summary>When the window began; null where that is not known.</summary>
    public DateTimeOffset? Begins { get; init; }

    /// <summary>When it ends; null where that is not known, and for Total.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>When its first spend was booked; null where that is not known.</summary>
    public DateTimeOffset? FirstSpentAt { get; init; }

    /// <summary>What was spent in the hour before <see cref="Known"/>; null where that is not known.</summary>
    public decimal? LastHour { get; init; }
}
