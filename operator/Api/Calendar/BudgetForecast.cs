namespace AgentReadiness.Api.Calendar;

/// <summary>
/// Where a window goes at its pace so far, as the status and <c>kubectl agents budget forecast</c> tell it. The forecast is linear:
/// spend at the end = spent × length of the window ÷ time since it began. The cap holds all the same: calls above it are refused. Pure.
/// </summary>
/// <param name="AtEnd">The spend at the window's end, in the unit of what is spent; null where it is not known.</param>
/// <param name="Unknown">Why it is not known; null where it is.</param>
public readonly record struct BudgetForecast(decimal? AtEnd, string? Unknown)
{
    /// <summary>A smaller part of the window tells nothing of the rest.</summary>
    private const decimal LeastPart = 0.01m;

    /// <summary>The forecast.</summary>
    /// <param name="spent">What is spent, unproven spend included.</param>
    /// <param name="begins">When the window began; null where that is not known.</param>
    /// <param name="ends">When it ends; null where that is not known.</param>
    /// <param name="known">Until when the spend is known.</param>
    public static BudgetForecast Of(decimal spent, DateTimeOffset? begins, DateTimeOffset? ends, DateTimeOffset known)
    {
        if (begins is not { } began || ends is not { } end)
            return new(null, "it is not known when the window began");
        var length = (decimal)(end - began).Ticks;
        var elapsed = (decimal)(known - began).Ticks;
        if (elapsed < length * LeastPart)
            return new(null, "less than 1 % of the window is known");
        return spent <= 0 ? new(null, "nothing is spent yet") : new(spent * length / elapsed, null);
    }
}
