using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Cli.Budgets;

/// <summary>
/// Where a window goes at its pace so far, by <see cref="BudgetForecast"/>. The cap is reached when that line crosses it. Where a raise
/// ends before the window does, the declared cap counts from then on.
/// </summary>
/// <param name="AtEnd">The spend at the window's end; null where it is not known.</param>
/// <param name="CapReached">When the cap is reached; null where it is not before the window ends, or not known.</param>
/// <param name="Unknown">Why nothing is forecast; null where something is.</param>
internal sealed record Forecast(decimal? AtEnd, DateTimeOffset? CapReached, string? Unknown)
{
    /// <summary>The forecast of one cap of a window.</summary>
    /// <param name="line">The window.</param>
    /// <param name="cap">The cap.</param>
    /// <param name="now">The moment.</param>
    public static Forecast Of(WindowLine line, CapReport cap, DateTimeOffset now)
    {
        static Forecast No(string why) => new(null, null, why);
        if (line.Period == BudgetPeriod.Total)
            return No("a Total window never ends");
        if (line.Begins is not null && now >= line.Ends)
            return No("the window is over, and the status tells of no newer one");
        var forecast = BudgetForecast.Of(cap.Spent, line.Begins, line.Ends, line.Known);
        if (forecast.AtEnd is not { } atEnd || line.Begins is not { } begins || line.Ends is not { } ends)
            return No(forecast.Unknown!);
        return new Forecast(atEnd, Reached(line, cap, limit => Crosses(begins, ends, (line.Known - begins).Ticks, cap.Spent, limit)), null);
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

    private static DateTimeOffset? Crosses(DateTimeOffset begins, DateTimeOffset ends, decimal elapsed, decimal spent, decimal limit)
    {
        var ticks = elapsed * limit / spent;
        return ticks < (ends - begins).Ticks ? begins.AddTicks((long)ticks) : null;
    }
}
