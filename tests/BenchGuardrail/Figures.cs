namespace AgentReadiness.BenchGuardrail;

/// <summary>What the rounds measured, by column and key.</summary>
internal sealed class Figures
{
    private readonly Dictionary<(string Column, string Key), List<double?>> all = [];

    /// <summary>The column of what belongs to no single target.</summary>
    public const string Run = "";

    /// <summary>Adds a round's figure; null where there is none.</summary>
    public void Add(string column, string key, double? value)
    {
        if (!all.TryGetValue((column, key), out var values))
            all[(column, key)] = values = [];
        values.Add(value);
    }

    /// <summary>The median of the rounds, where a round without a figure is worse than any; null where that is the median.</summary>
    public double? Median(string column, string key) =>
        all.TryGetValue((column, key), out var values)
        && At([.. values.Select(value => value ?? double.PositiveInfinity)], 0.5) is var median
        && double.IsFinite(median)
            ? median
            : null;

    /// <summary>The value below which a share of the values lies.</summary>
    public static double At(IReadOnlyCollection<double> values, double share) =>
        values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));
}
