using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Cli.Budgets;

/// <summary>
/// Where a window goes, by <see cref="BudgetForecast"/>, at the faster of its two paces; where a raise ends before the window does, the
/// declared cap counts from then on.
/// </summary>
/// <param name="Paces">The spend at the window's end at both paces.</param>
/// <param name="CapReached">When the cap is reached; null where it is not before the window ends, or not known.</param>
internal sealed record Forecast(BudgetForecast Paces, DateTimeOffset? CapReached)
{
    /// <summary>The spend at the window's end at the faster pace; null where it is not known.</summary>
    public decimal? AtEnd => Paces.AtEnd;

    /// <summary>Why nothing is forecast; null where something is.</summary>
    public string? Unknown => Paces.Unknown;

    /// <summary>The forecast of one cap of a window.</summary>
    /// <param name="line">The window.</param>
    /// <param name="cap">The cap.</param>
    /// <param name="now">The moment.</param>
    public static Forecast Of(WindowLine line, CapReport cap, DateTimeOffset now)
    {
        static Forecast No(string why) => new(new BudgetForecast(null, null, why), null);
        if (line.Period == BudgetPeriod.Total)
            return No("a Total window never ends");
        if (line.Begins is not null && now >= line.Ends)
            return No("the window is over, and the status tells of no newer one");
        var spend = new WindowSpend(cap.Spent, line.Known)
        {
            Begins = line.Begins,
            Ends = line.Ends,
            FirstSpentAt = line.FirstSpentAt,
            LastHour = cap.LastHour,
        };
        var forecast = BudgetForecast.Of(spend);
        return forecast.Unknown is { } why
            ? No(why)
            : new Forecast(forecast, Reached(line, cap, limit => BudgetForecast.Reaches(spend, limit)));
    }

    private static DateTimeOffset? Reached(WindowLine line, CapReport cap, Func<decimal, DateTimeOffset?> crosses)
    {
        if (cap.Cap is not { } limit)
            return null;
        var reached = crosses(limit);
        if (cap.Declared is not { } declared || line.Raise is not { } raise)
            return reached;
        var lowered = new DateTimeOffset(raise.ExpiresAt.ToUniversalTime());
        if (lowered >= line.Ends || reached <= lowered)
            return reached;
        return crosses(declared) is { } crossed
            ? crossed > lowered
                ? crossed
                : lowered
            : null;
    }
}
