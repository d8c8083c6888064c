using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// Adds what guardrails tell of their spend to the limits that it counts for, each batch once. Pure. It changes no amount that a grant or a
/// refusal depends on.
/// </summary>
public static class SpendBook
{
    private const int MostDimensions = 8;
    private const int MostValues = 10;
    private const int MostRuns = 5;

    // Sums end at these bounds, so that the API server accepts the ledger whatever a pod reports.
    private static readonly Money MostCost = Amount.Unlimited.Cost;
    private const long MostCalls = 1_000_000_000_000_000;

    /// <summary>Books the batches of a line that are not booked yet.</summary>
    /// <param name="account">The account.</param>
    /// <param name="holder">The line, which is open.</param>
    /// <param name="batches">What its holder sent; within <see cref="SpendBounds"/>.</param>
    public static (BudgetLedgerStatus Account, LedgerHolder Holder) Note(
        BudgetLedgerStatus account,
        LedgerHolder holder,
        IReadOnlyList<SpendBatch> batches
    )
    {
        foreach (var batch in batches.Where(batch => batch.Number > (holder.Noted ?? 0)).OrderBy(batch => batch.Number))
        {
            account = account with
            {
                Limits =
                [
                    .. account.Limits.Select(limit =>
                        limit.Shared != true && LedgerLimits.Counts(limit, holder.Segment)
                            ? limit with
                            {
                                Spend = Add(limit.Spend ?? new LedgerSpend(), batch),
                            }
                            : limit
                    ),
                ],
            };
            holder = holder with { Noted = batch.Number };
        }
        return (account, holder);
    }

    /// <summary>
    /// The last batch of a holder that is written. Only written batches may be acknowledged, so that nothing acknowledged is lost when the
    /// leader ends.
    /// </summary>
    /// <param name="written">The account as it is on disk.</param>
    /// <param name="holder">The holder.</param>
    /// <param name="window">The line's window in the grant protocol.</param>
    public static long Noted(BudgetLedgerStatus written, string holder, string window) =>
        written.Holders.FirstOrDefault(line => line.Id == holder && LedgerLimits.WindowName(written, line.Segment) == window)?.Noted ?? 0;

    private static LedgerSpend Add(LedgerSpend spend, SpendBatch batch)
    {
        var by = spend.By.ToList();
        foreach (var told in batch.By)
        {
            var at = by.FindIndex(dimension => dimension.Name == told.Name);
            if (at < 0 && by.Count >= MostDimensions)
                continue;
            var added = Add(at < 0 ? new LedgerDimension { Name = told.Name } : by[at], told);
            if (at < 0)
                by.Add(added);
            else
                by[at] = added;
        }
        return new LedgerSpend
        {
            By = by,
            Runs =
            [
                .. spend
                    .Runs.Concat(batch.Runs.Select(run => new LedgerRun { Id = run.Id, Cost = run.Cost }))
                    .OrderByDescending(run => run.Cost.Amount)
                    .Take(MostRuns),
            ],
            PerCall = Add(spend.PerCall, batch.PerCall),
            PerRun = Add(spend.PerRun, batch.PerRun),
        };
    }

    private static LedgerDimension Add(LedgerDimension dimension, SpendDimension told)
    {
        var values = dimension.Values.ToDictionary(value => value.Value, StringComparer.Ordinal);
        foreach (var value in told.Values)
            Add(values, value.Value, value.Cost, value.Calls);
        var kept = values
            .Values.Where(value => value.Value != Attribution.Other)
            .OrderByDescending(value => value.Cost.Amount)
            .ThenBy(value => value.Value, StringComparer.Ordinal)
            .ToList();
        foreach (var small in kept.Skip(MostValues).ToList())
            Add(values, Attribution.Other, small.Cost, small.Calls);
        return dimension with
        {
            Values =
            [
                .. kept.Take(MostValues),
                .. values.TryGetValue(Attribution.Other, out var other) ? [other] : Array.Empty<LedgerValue>(),
            ],
        };
    }

    private static void Add(Dictionary<string, LedgerValue> values, string value, Money cost, long calls)
    {
        var before = values.GetValueOrDefault(value) ?? new LedgerValue { Value = value };
        values[value] = before with { Cost = Money.Min(MostCost, before.Cost + cost), Calls = Math.Min(MostCalls, before.Calls + calls) };
    }

    private static string? Add(string? sketch, string? told)
    {
        if (CostSketch.TryParse(told) is not { } more)
            return sketch;
        var sum = CostSketch.TryParse(sketch) ?? new CostSketch();
        sum.Add(more);
        return sum.ToString();
    }
}
