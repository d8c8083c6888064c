using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api;

/// <summary>From what a ledger has of a limit's spend to what people are shown of it. Pure.</summary>
public static class SpendSummary
{
    private const int MostValues = 3;

    /// <summary>The costliest values of each dimension, three of each, and the three costliest runs.</summary>
    public static IReadOnlyList<SpendShareStatus> Top(LedgerSpend? spend) =>
        spend is null
            ? []
            :
            [
                .. spend.By.SelectMany(dimension =>
                    dimension
                        .Values.Where(value => value.Value != Attribution.Other)
                        .Take(MostValues)
                        .Select(value => new SpendShareStatus
                        {
                            By = dimension.Name,
                            Value = value.Value,
                            Spent = value.Cost.ToDisplay(),
                            Calls = value.Calls,
                        })
                ),
                .. spend
                    .Runs.Take(MostValues)
                    .Select(run => new SpendShareStatus
                    {
                        By = Attribution.Run,
                        Value = run.Id,
                        Spent = run.Cost.ToDisplay(),
                    }),
            ];

    /// <summary>Count, median, 95th percentile and maximum of a <see cref="CostSketch"/>; null where it has nothing.</summary>
    public static CostStatistics? Statistics(string? sketch) =>
        CostSketch.TryParse(sketch) is { Count: > 0 } costs
            ? new CostStatistics
            {
                Count = costs.Count,
                Median = costs.Quantile(0.5).ToDisplay(),
                P95 = costs.Quantile(0.95).ToDisplay(),
                Max = costs.Max.ToDisplay(),
            }
            : null;
}
