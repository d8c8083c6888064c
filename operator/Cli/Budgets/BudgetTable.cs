using System.Globalization;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Cli.Budgets;

/// <summary>A report for people: the table of "show" and the sentences of "forecast". Pure.</summary>
internal static class BudgetTable
{
    private static readonly IReadOnlyList<string> Heads =
    [
        "BUDGET",
        "WINDOW",
        "UNIT",
        "SPENT",
        "UNPROVEN",
        "HELD",
        "CAP",
        "LEFT",
        "USED",
        "ENDS IN",
        "FORECAST",
        "STATE",
    ];

    /// <summary>The table with its notes.</summary>
    public static IEnumerable<string> Show(BudgetReport report, DateTimeOffset now)
    {
        var rows = new List<IReadOnlyList<string>> { Heads };
        rows.AddRange(report.Windows.SelectMany(line => line.Caps.Select(cap => Row(line, cap, now))));
        return BudgetText
            .Table(rows)
            .Append(Source(report))
            .Concat(report.Windows.SelectMany(line => Notes(report, line, now)))
            .Concat(report.Previous.SelectMany(Previous))
            .Select(BudgetText.Plain);
    }

    /// <summary>A sentence for each cap.</summary>
    public static IEnumerable<string> Forecasts(BudgetReport report, DateTimeOffset now) =>
        report
            .Windows.SelectMany(line => line.Caps.Select(cap => Sentence(line, cap, Forecast.Of(line, cap, now), now)))
            .Append(Source(report))
            .Select(BudgetText.Plain);

    /// <summary>Says whether the status or the ledger was read, and as of when.</summary>
    public static string Source(BudgetReport report) =>
        report.Ledger is { } ledger
            ? $"Read from BudgetLedger {ledger}, as of {BudgetText.Moment(report.Windows[0].AsOf)}."
                + (
                    report.Windows.Any(line => !line.FromLedger)
                        ? $" From the status: {string.Join(", ", report.Windows.Where(line => !line.FromLedger).Select(AsOf))}."
                        : ""
                )
            : $"Read from the status, as of {BudgetText.Moment(report.Windows.Min(line => line.AsOf))}: {report.WhyStatus}.";

    private static string AsOf(WindowLine line) => $"{line.Budget} as of {BudgetText.Moment(line.AsOf)}";

    private static IReadOnlyList<string> Row(WindowLine line, CapReport cap, DateTimeOffset now) =>
        [
            line.Budget,
            line.Window ?? BudgetText.None,
            cap.Unit == BudgetUnit.Usd ? "USD" : "tokens",
            BudgetText.Up(cap.Unit, cap.Spent),
            BudgetText.Up(cap.Unit, cap.Unproven),
            BudgetText.Up(cap.Unit, cap.Held),
            BudgetText.Up(cap.Unit, cap.Cap) + (cap.Declared is null ? "" : "*"),
            BudgetText.Down(cap.Unit, cap.Left),
            cap.Percent is null ? BudgetText.None : BudgetText.Percent(cap.Percent) + "%",
            line.Ends is not { } ends ? "never"
            : now < ends ? BudgetText.Time(ends - now)
            : "over",
            Short(cap, Forecast.Of(line, cap, now)),
            State(line, now),
        ];

    private static string State(WindowLine line, DateTimeOffset now) =>
        line.Ends <= now ? "Unknown"
        : line.Exhausted ? "Exhausted"
        : line.CapPending ? "CapPending"
        : line.Observe ? "Observed"
        : "Open";

    private static string Short(CapReport cap, Forecast forecast) =>
        forecast.AtEnd is not { } atEnd
            ? "unknown"
            : BudgetText.Up(cap.Unit, atEnd) + (forecast.CapReached is { } reached ? $" (cap {BudgetText.Moment(reached)})" : "");

    private static string Sentence(WindowLine line, CapReport cap, Forecast forecast, DateTimeOffset now)
    {
        var head =
            $"{line.Budget} {line.Window}: {BudgetText.Words(cap.Unit, BudgetText.Up(cap.Unit, cap.Spent))} of "
            + $"{BudgetText.Up(cap.Unit, cap.Cap)} spent";
        if (forecast.AtEnd is not { } atEnd || line.Begins is not { } begins || line.Ends is not { } ends)
            return $"{head}; unknown: {forecast.Unknown}";
        var pace =
            $"{head} in {BudgetText.Time(line.Known - begins)} of {BudgetText.Time(ends - begins)}; {Paces(line, cap, forecast.Paces)} "
            + $"at its end, {BudgetText.Moment(ends)}";
        return pace
            + (
                cap.Cap is null ? ", not limited"
                : forecast.CapReached is not { } reached ? ", within the cap"
                : reached <= now ? $"; the cap is reached since {BudgetText.Moment(reached)} or about now"
                : $"; the cap is reached {BudgetText.Moment(reached)}, in {BudgetText.Time(reached - now)}"
            );
    }

    // Both paces, the faster first: what follows the sentence, when the cap is reached, goes by that one.
    private static string Paces(WindowLine line, CapReport cap, BudgetForecast paces)
    {
        string Spend(decimal atEnd) => BudgetText.Words(cap.Unit, BudgetText.Up(cap.Unit, atEnd));
        var since = line.FirstSpentAt is null ? "the window began" : "the first spend";
        var mean = paces.Mean is { } atMean ? $"at the mean pace since {since} {Spend(atMean)}" : null;
        var hour = paces.LastHour is { } atHour ? $"at the pace of the last hour {Spend(atHour)}" : null;
        return string.Join(", ", (paces.IsLastHourFaster ? new[] { hour, mean } : [mean, hour]).OfType<string>());
    }

    private static IEnumerable<string> Notes(BudgetReport report, WindowLine line, DateTimeOffset now)
    {
        if (line.Ends <= now)
            yield return $"{line.Budget}: the window ended {BudgetText.Moment(line.Ends.Value)} and the status tells of no newer one: "
                + $"does the operator run?";
        if (line.Raise is { } raise && line.Caps.Any(cap => cap.Declared is not null))
        {
            var caps = string.Join(
                ", ",
                line.Caps.Where(cap => cap.Declared is not null)
                    .Select(cap =>
                        $"from {BudgetText.Words(cap.Unit, BudgetText.Up(cap.Unit, cap.Declared))} to "
                        + BudgetText.Up(
                            cap.Unit,
                            cap.Unit == BudgetUnit.Usd ? decimal.Parse(raise.MaxCost!, CultureInfo.InvariantCulture) : raise.MaxTokens
                        )
                    )
            );
            yield return $"* {line.Budget}: raised {caps} until {BudgetText.Moment(raise.ExpiresAt.ToUniversalTime())} by "
                + $"{raise.RequestedBy}: {raise.Reason}";
        }
        foreach (var cap in line.Caps.Where(cap => cap.WrittenOff > 0))
            yield return $"{line.Budget}: {BudgetText.Words(cap.Unit, BudgetText.Up(cap.Unit, cap.WrittenOff))} of the unproven spend "
                + $"{(cap.Unit == BudgetUnit.Usd ? "is" : "are")} written off";
        foreach (var top in line.Top.GroupBy(share => share.By))
            yield return $"{line.Budget}: most by {top.Key}: {string.Join(", ", top.Select(Share))}";
        if (Costs("a call", line.PerCall) is { } call)
            yield return $"{line.Budget}: {call}";
        if (Costs("a run", line.PerRun) is { } run)
            yield return $"{line.Budget}: {run}";
        if (line.CapPending)
            yield return $"{line.Budget}: pods still hold more than the lowered cap leaves";
        if (line.Exhausted)
            yield return $"{line.Budget}: calls are refused {Until(line)}; {Remedy(report, line)}";
    }

    private static string Share(SpendShareStatus share) =>
        share.Calls is { } calls
            ? $"{share.Value} ${share.Spent} ({calls} {(calls == 1 ? "call" : "calls")})"
            : $"{share.Value} ${share.Spent}";

    private static string? Costs(string what, CostStatistics? costs) =>
        costs is null
            ? null
            : $"{what} cost ${costs.Median} (median), ${costs.P95} (95 of 100 at most), ${costs.Max} (the dearest) of {costs.Count}";

    private static string Until(WindowLine line) =>
        line.Manual ? "until a person sets resumedAt of the window"
        : line.Ends is { } ends ? $"until {BudgetText.Moment(ends)} or until the cap is raised"
        : "until the cap is raised";

    // A shared budget is raised where it is declared. A raise of the agent's own window would not change it. The windows of evaluations
    // are raised with those that they repeat.
    private static string Remedy(BudgetReport report, WindowLine line)
    {
        var parts = line.Budget.Split('/');
        var target = parts.Length switch
        {
            _ when line.OfEvaluations => $"{report.Target} -n {report.Target.Namespace}",
            1 => $"{report.Target} -n {report.Target.Namespace}",
            2 => $"agb/{parts[0]} -n {report.Target.Namespace}",
            _ => $"agb/{parts[1]} -n {parts[0]}",
        };
        return $"kubectl agents budget raise {target} --period {line.Period} --to CAP --until TIME --reason TEXT";
    }

    private static IEnumerable<string> Previous(OverLine over) =>
        over.Caps.Select(cap =>
            $"before: {over.Budget} {over.Window}: {BudgetText.Words(cap.Unit, BudgetText.Up(cap.Unit, cap.Spent))} of "
            + $"{BudgetText.Up(cap.Unit, cap.Cap)} spent, {BudgetText.Up(cap.Unit, cap.Unproven)} of it unproven"
        );
}
