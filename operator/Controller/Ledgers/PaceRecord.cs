using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// Notes in each window how its spend grows over time, for forecasts. It changes no amount that a grant or a refusal depends on, and
/// changes nothing at all where nothing was spent. Pure.
/// </summary>
internal static class PaceRecord
{
    /// <summary>The account with the growth of its own windows noted.</summary>
    /// <param name="before">The account before the messages.</param>
    /// <param name="after">The account after them.</param>
    /// <param name="now">The moment.</param>
    public static BudgetLedgerStatus Note(BudgetLedgerStatus before, BudgetLedgerStatus after, DateTimeOffset now)
    {
        var known = before.Limits.ToDictionary(limit => (limit.Budget, limit.Window, limit.First), LedgerLimits.Spent);
        var limits = after
            .Limits.Select(limit =>
                limit.Shared == true ? limit : Note(limit, known.GetValueOrDefault((limit.Budget, limit.Window, limit.First)), now)
            )
            .ToList();
        return limits.SequenceEqual(after.Limits) ? after : after with { Limits = limits };
    }

    private static LedgerLimit Note(LedgerLimit limit, Amount before, DateTimeOffset now)
    {
        var spent = LedgerLimits.Spent(limit);
        return spent == before
            ? limit
            : limit with
            {
                FirstSpentAt = limit.FirstSpentAt ?? (before.IsZero ? Timestamps.WholeSeconds(now) : null),
                Pace = SpendPace.Note(limit.Pace, before, spent, now),
            };
    }
}
