namespace AgentReadiness.Api.Calendar;

/// <summary>
/// Where a window goes, as the status tells it and <c>kubectl agents budget forecast</c>. Linear, at two paces: the mean since the first
/// spend, and that of the last hour. Spend at the end = spent + pace × time that is left. The mean does not see a runaway of the last
/// minutes, and the last hour does not see a night: so both are told, and whoever warns uses the faster. The cap holds: what is forecast
/// above it would be refused. Pure.
/// </summary>
/// <param name="Mean">The spend at the window's end at the mean pace, in the unit of what is spent; null where it is not known.</param>
/// <param name="LastHour">The same at the pace of the last hour; null where it is not known.</param>
/// <param name="Unknown">Why neither is known; null where one is.</param>
public readonly record struct BudgetForecast(decimal? Mean, decimal? LastHour, string? Unknown)
{
    /// <summary>A shorter time of spending tells nothing of the rest.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMinutes(5);

    /// <summary>The spend at the window's end at the faster of the two paces; null where neither is known.</summary>
    public decimal? AtEnd => Mean is { } mean && LastHour is { } hour ? Math.Max(mean, hour) : Mean ?? LastHour;

    /// <summary>True where the last hour is faster than the mean.</summary>
    public bool IsLastHourFaster => LastHour is { } hour && (Mean is not { } mean || hour > mean);

    /// <summary>The forecast.</summary>
    /// <param name="spend">What is known of the window's spend.</param>
    public static BudgetForecast Of(WindowSpend spend)
    {
        if (spend.Begins is null || spend.Ends is not { } end)
            return new(null, null, "it is not known when the window began");
        if (spend.Spent <= 0)
            return new(null, null, "nothing is spent yet");
        var elapsed = spend.Known - First(spend)!.Value;
        if (elapsed < Least)
            return new(null, null, $"less than {Least.TotalMinutes:0} minutes of spending are known");
        var left = end > spend.Known ? end - spend.Known : TimeSpan.Zero;
        decimal AtEnd(decimal spent, TimeSpan time) => spend.Spent + (spent * left.Ticks / time.Ticks);
        return new(
            AtEnd(spend.Spent, elapsed),
            spend.LastHour is { } hour ? AtEnd(hour, elapsed < SpendPace.Span ? elapsed : SpendPace.Span) : null,
            null
        );
    }

    /// <summary>
    /// When a limit is reached at the faster pace; null where it is not before the window ends, or where that is not known.
    /// </summary>
    /// <param name="spend">What is known of the window's spend.</param>
    /// <param name="limit">The limit, in the unit of what is spent.</param>
    public static DateTimeOffset? Reaches(WindowSpend spend, decimal limit)
    {
        if (Of(spend).AtEnd is not { } atEnd || spend.Ends is not { } end || atEnd <= limit)
            return null;
        if (spend.Spent >= limit)
        {
            // It is reached already: on the line of the mean, since nothing better is known of the past.
            var first = First(spend)!.Value;
            return first.AddTicks((long)((decimal)(spend.Known - first).Ticks * limit / spend.Spent));
        }
        var left = (decimal)(end - spend.Known).Ticks;
        return spend.Known.AddTicks((long)(left * (limit - spend.Spent) / (atEnd - spend.Spent)));
    }

    // A ledger of an older operator does not say when the first spend was: then it counts from the beginning of the window.
    private static DateTimeOffset? First(WindowSpend spend) =>
        spend.FirstSpentAt is { } first && first > spend.Begins ? first : spend.Begins;
}
