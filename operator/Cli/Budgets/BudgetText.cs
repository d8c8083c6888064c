using System.Globalization;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Budgets;

/// <summary>Amounts, moments and tables as people read them. Spend is rounded up, what is left is rounded down.</summary>
internal static class BudgetText
{
    /// <summary>Stands for an amount that is not known or not there.</summary>
    public const string None = "-";

    /// <summary>An amount that was spent, or a cap: rounded up.</summary>
    public static string Up(BudgetUnit unit, decimal? amount) =>
        amount is not { } value ? None
        : unit == BudgetUnit.Tokens ? decimal.Ceiling(value).ToString("0", CultureInfo.InvariantCulture)
        : new Money(value).ToDisplay();

    /// <summary>An amount that is left: rounded down.</summary>
    public static string Down(BudgetUnit unit, decimal? amount)
    {
        if (amount is not { } value || unit == BudgetUnit.Tokens)
            return amount is null ? None : decimal.Floor(amount.Value).ToString("0", CultureInfo.InvariantCulture);
        var step = value >= 0.01m ? 100m : 1_000_000m;
        return new Money(decimal.Floor(value * step) / step).ToString();
    }

    /// <summary>"$12.5" or "1200 tokens".</summary>
    public static string Words(BudgetUnit unit, string amount) => unit == BudgetUnit.Usd ? $"${amount}" : $"{amount} tokens";

    /// <summary>A share with one digit, rounded down.</summary>
    public static string Percent(decimal? percent) =>
        percent is { } value ? (decimal.Floor(value * 10) / 10).ToString("0.#", CultureInfo.InvariantCulture) : None;

    /// <summary>A moment, UTC, to the second.</summary>
    public static string Moment(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time in its two largest units: "3d4h", "5h12m", "40s".</summary>
    public static string Time(TimeSpan time) =>
        time switch
        {
            { TotalDays: >= 1 } => FormattableString.Invariant($"{time.Days}d{time.Hours}h"),
            { TotalHours: >= 1 } => FormattableString.Invariant($"{time.Hours}h{time.Minutes}m"),
            { TotalMinutes: >= 1 } => FormattableString.Invariant($"{time.Minutes}m{time.Seconds}s"),
            _ => FormattableString.Invariant($"{Math.Max(0, time.Seconds)}s"),
        };

    /// <summary>A text without control characters: what came from a cluster may hold some that a terminal would obey.</summary>
    public static string Plain(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));

    /// <summary>A table as kubectl prints one.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(i => rows.Max(row => row[i].Length)).ToList();
        return rows.Select(row => string.Join("   ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }
}
