using System.Globalization;

namespace AgentReadiness.Cli.Budgets;

/// <summary>
/// Draws what is left of a cap against the time that is left, with characters only, so that it looks the same in a pipe and without
/// colour. Pure.
/// </summary>
internal static class BurndownChart
{
    private const int Width = 60;
    private const int Height = 10;
    private const int Bar = 40;

    /// <summary>A chart for each cap of each window that ends.</summary>
    public static IEnumerable<string> Draw(BudgetReport report, DateTimeOffset now)
    {
        foreach (var line in report.Windows)
        {
            foreach (var cap in line.Caps)
            {
                foreach (var text in Draw(line, cap, now))
                    yield return BudgetText.Plain(text);
                yield return "";
            }
        }
        yield return "# left so far, a straight line: only the sum is known   . even spending   + at this pace";
        yield return BudgetTable.Source(report);
    }

    private static IEnumerable<string> Draw(WindowLine line, CapReport cap, DateTimeOffset now)
    {
        var title =
            $"{line.Budget} {line.Window}: {BudgetText.Words(cap.Unit, BudgetText.Down(cap.Unit, cap.Left))} left of "
            + $"{BudgetText.Up(cap.Unit, cap.Cap)}";
        if (cap.Cap is not > 0 || line.Begins is not { } begins || line.Ends is not { } ends || now >= ends)
        {
            yield return $"{title}; no chart: "
                + $"{(cap.Cap is not > 0 ? "it has no cap above zero" : Forecast.Of(line, cap, now).Unknown ?? "the window is over")}";
            yield break;
        }
        yield return title;
        var passed = Math.Clamp((decimal)(line.Known - begins).Ticks / (ends - begins).Ticks, 0, 1);
        var spent = cap.Spent / cap.Cap.Value;
        foreach (var row in Plot(passed, spent, Forecast.Of(line, cap, now).AtEnd is not null))
            yield return row;
        var from = BudgetText.Moment(begins);
        yield return $"       {from}{BudgetText.Moment(ends).PadLeft(Width - from.Length)}";
        var left = 1 - passed;
        yield return Gauge("time left", left, BudgetText.Time(ends - now));
        yield return Gauge("cap left ", Math.Max(0, 1 - spent), $"{Compare(1 - spent - left)}");
    }

    private static string Compare(decimal ahead) =>
        decimal.Round(ahead * 100, 1) switch
        {
            0 => "as even spending has it",
            > 0 and var points => string.Create(CultureInfo.InvariantCulture, $"{points:0.#} points more than even spending leaves"),
            var points => string.Create(CultureInfo.InvariantCulture, $"{-points:0.#} points less than even spending leaves"),
        };

    private static string Gauge(string name, decimal share, string words) =>
        $"{name} {BudgetText.Percent(share * 100).PadLeft(5)} % [{new string('#', (int)(share * Bar)).PadRight(Bar, '-')}] {words}";

    // Row 0 stands for the whole cap and the last row for none of it; column 0 is the beginning of the window and the last one its end.
    private static IEnumerable<string> Plot(decimal passed, decimal spent, bool goesOn)
    {
        var grid = Enumerable.Range(0, Height + 1).Select(_ => new string(' ', Width).ToCharArray()).ToArray();
        static int Row(decimal gone) => (int)decimal.Round(Math.Clamp(gone, 0, 1) * Height, MidpointRounding.AwayFromZero);
        for (var column = 0; column < Width; column++)
        {
            var at = (decimal)column / (Width - 1);
            grid[Row(at)][column] = '.';
            if (passed > 0 && at > passed && goesOn && spent * at / passed <= 1)
                grid[Row(spent * at / passed)][column] = '+';
            else if (at <= passed)
                grid[Row(passed > 0 ? spent * at / passed : spent)][column] = '#';
        }
        return grid.Select((row, i) => $"{(i == 0 ? "100 %" : i == Height ? "  0 %" : "     ")} |{new string(row).TrimEnd()}");
    }
}
