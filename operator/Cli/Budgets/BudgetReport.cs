using AgentReadiness.Api;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli.Budgets;

/// <summary>The unit of a cap.</summary>
internal enum BudgetUnit
{
    /// <summary>US dollars.</summary>
    Usd,

    /// <summary>Tokens, of input and output together.</summary>
    Tokens,
}

/// <summary>How one cap of a window stands. An amount that is null is not known.</summary>
/// <param name="Unit">The unit of all amounts.</param>
/// <param name="Spent">What is settled, plus what is unproven, less what is written off.</param>
/// <param name="Cap">The cap in force; null where the unit is not limited.</param>
internal sealed record CapReport(BudgetUnit Unit, decimal Spent, decimal? Cap)
{
    /// <summary>The part of what is spent that is not proven.</summary>
    public decimal? Unproven { get; init; }

    /// <summary>What was written off.</summary>
    public decimal? WrittenOff { get; init; }

    /// <summary>What pods were granted and may still spend.</summary>
    public decimal? Held { get; init; }

    /// <summary>What was spent in the last hour.</summary>
    public decimal? LastHour { get; init; }

    /// <summary>The cap without the raise in force; null where there is no raise of it.</summary>
    public decimal? Declared { get; init; }

    /// <summary>What is left of the cap, never below zero.</summary>
    public decimal? Left => Cap is { } cap ? Math.Max(0, cap - Spent) : null;

    /// <summary>How much of the cap is spent, percent; may be above 100 after a raise ended.</summary>
    public decimal? Percent =>
        Cap is not { } cap ? null
        : cap > 0 ? Spent * 100 / cap
        : 100;
}

/// <summary>How a window stands.</summary>
/// <param name="Budget">"day", or "shop-team/day" for a shared budget's.</param>
/// <param name="Period">Its length.</param>
/// <param name="Window">Its name, for example "2026-11-24".</param>
/// <param name="Caps">Its caps, dollars first.</param>
internal sealed record WindowLine(string Budget, BudgetPeriod Period, string? Window, IReadOnlyList<CapReport> Caps)
{
    /// <summary>When it began; null where that is not known, and for Total.</summary>
    public DateTimeOffset? Begins { get; init; }

    /// <summary>When its first spend was booked; null where that is not known.</summary>
    public DateTimeOffset? FirstSpentAt { get; init; }

    /// <summary>When it ends; null for Total.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>True where the ledger was read, false where the status was.</summary>
    public bool FromLedger { get; init; }

    /// <summary>When the amounts were read, by this program or by the operator.</summary>
    public DateTimeOffset AsOf { get; init; }

    /// <summary>
    /// The moment until which the amounts are known to hold. For a ledger it is now; a status is written within five minutes after a
    /// change.
    /// </summary>
    public DateTimeOffset Known { get; init; }

    /// <summary>Whether calls are refused because the window is spent.</summary>
    public bool Exhausted { get; init; }

    /// <summary>Whether pods still hold money that was granted before the cap was lowered.</summary>
    public bool CapPending { get; init; }

    /// <summary>Whether the window only counts and reports, and refuses nothing.</summary>
    public bool Observe { get; init; }

    /// <summary>Whether it is a window of evaluations, which has no place of its own in the spec.</summary>
    public bool OfEvaluations { get; init; }

    /// <summary>Whether only a person can end an exhaustion.</summary>
    public bool Manual { get; init; }

    /// <summary>The raise that is in force; null where there is none.</summary>
    public BudgetRaise? Raise { get; init; }

    /// <summary>The models, runs and tags that cost most.</summary>
    public IReadOnlyList<SpendShareStatus> Top { get; init; } = [];

    /// <summary>What single calls cost; null where that is not known.</summary>
    public CostStatistics? PerCall { get; init; }

    /// <summary>What runs cost; null where that is not known.</summary>
    public CostStatistics? PerRun { get; init; }
}

/// <summary>A window that is over.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Window">The window.</param>
/// <param name="Caps">Its caps when it ended.</param>
internal sealed record OverLine(string Budget, string? Window, IReadOnlyList<CapReport> Caps);

/// <summary>How a budget stands.</summary>
/// <param name="Target">The object that has the budget.</param>
/// <param name="Windows">Its windows, those of shared budgets last.</param>
/// <param name="Ledger">The ledger that was read, as namespace/name; null where it was not.</param>
/// <param name="WhyStatus">Why the status was read instead.</param>
internal sealed record BudgetReport(BudgetTarget Target, IReadOnlyList<WindowLine> Windows, string? Ledger, string? WhyStatus)
{
    /// <summary>The windows that are over, where the ledger was read.</summary>
    public IReadOnlyList<OverLine> Previous { get; init; } = [];

    /// <summary>Whether calls are refused.</summary>
    public bool Exhausted => Windows.Any(line => line.Exhausted);
}

/// <summary>Makes the lines of a report from statuses and ledgers. Pure.</summary>
internal static class WindowLines
{
    // The operator writes spend to the status within this time after it changed, and does not write it while it stays the same.
    private static readonly TimeSpan StatusRefresh = TimeSpan.FromMinutes(5);

    /// <summary>The line of a status row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="budget">What declares the window; null where that is not known.</param>
    /// <param name="now">The moment.</param>
    public static WindowLine Of(BudgetWindowStatus row, IWindowedBudget? budget, DateTimeOffset now)
    {
        var ends = Utc(row.Ends);
        var asOf = Utc(row.AsOf);
        var raise = Raise(budget, row.Period, now);
        var declared = budget?.Windows.Find(window => window.Period == row.Period);
        var writtenOff = Amount.TryParse(row.WrittenOff, out var some) ? some : (Amount?)null;
        return new WindowLine(
            row.Budget,
            row.Period,
            row.Window,
            Caps(
                new CapReport(BudgetUnit.Usd, Cost(row.Spent) ?? 0, Cost(row.Cap))
                {
                    Unproven = Cost(row.Unproven),
                    WrittenOff = writtenOff?.Cost.Amount,
                    LastHour = Cost(row.SpentLastHour),
                },
                row.SpentTokens is { } tokens
                    ? new CapReport(BudgetUnit.Tokens, tokens, row.CapTokens)
                    {
                        WrittenOff = writtenOff?.Tokens,
                        LastHour = row.SpentTokensLastHour,
                    }
                    : null,
                declared,
                raise
            )
        )
        {
            Begins = budget is null ? null : Begins(row.Period, ends, budget.TimeZone),
            FirstSpentAt = row.FirstSpentAt is { } first ? Utc(first) : null,
            Ends = row.Period == BudgetPeriod.Total ? null : ends,
            AsOf = asOf,
            Known = asOf > now - StatusRefresh ? asOf : now - StatusRefresh,
            Exhausted = row.Exhausted == true,
            CapPending = row.CapPending == true,
            Observe = Observes(budget, declared),
            Manual = declared?.Resume == BudgetResume.Manual,
            Raise = raise,
            Top = row.Top,
            PerCall = row.PerCall,
            PerRun = row.PerRun,
        };
    }

    /// <summary>
    /// The lines of a budget by its ledger: what is declared now, and what the ledger has of the windows that are open now.
    /// </summary>
    /// <param name="prefix">Empty, or the shared budget's name and "/".</param>
    /// <param name="budget">What is declared; its time zone must be known.</param>
    /// <param name="ledger">The account.</param>
    /// <param name="now">The moment.</param>
    public static IEnumerable<WindowLine> Of(string prefix, IWindowedBudget budget, BudgetLedgerStatus ledger, DateTimeOffset now)
    {
        BudgetCalendar.TryZone(budget.TimeZone, out var zone);
        foreach (var declared in budget.Windows)
        {
            var name = Key(declared.Period);
            var calendar = BudgetCalendar.At(declared.Period, now, zone);
            // An open window stays open until its end, also where the spec was changed meanwhile.
            var limit = ledger.Limits.FirstOrDefault(one =>
                one.Last is null && one.Shared != true && one.Budget == name && (one.Window == calendar.Name || now < Utc(one.Ends))
            );
            var raise = Raise(budget, declared.Period, now);
            var spent = limit is null ? Amount.Zero : limit.Settled + limit.Unproven - (limit.WrittenOff ?? Amount.Zero);
            var first = limit?.FirstSpentAt is { } at ? Utc(at) : (DateTimeOffset?)null;
            var lastHour = SpendPace.LastHour(limit?.Pace, first, spent, now);
            CapReport Cap(BudgetUnit unit, Func<Amount, decimal> part, decimal? cap) =>
                new(unit, part(spent), cap)
                {
                    Unproven = part(limit?.Unproven ?? Amount.Zero),
                    WrittenOff = limit?.WrittenOff is { } off ? part(off) : null,
                    Held = part(limit?.Outstanding ?? Amount.Zero),
                    LastHour = lastHour is { } hour ? part(hour) : null,
                };
            var cost = Cost(declared.MaxCost) is { } dollars ? Math.Max(dollars, Cost(raise?.MaxCost) ?? 0) : (decimal?)null;
            var tokens = declared.MaxTokens is { } count ? Math.Max(count, raise?.MaxTokens ?? 0) : (decimal?)null;
            var observes = Observes(budget, declared);
            var caps = Caps(
                Cap(BudgetUnit.Usd, amount => amount.Cost.Amount, cost),
                tokens is null ? null : Cap(BudgetUnit.Tokens, amount => amount.Tokens, tokens),
                declared,
                raise
            );
            yield return new WindowLine(prefix + name, declared.Period, limit?.Window ?? calendar.Name, caps)
            {
                Begins =
                    declared.Period == BudgetPeriod.Total ? null
                    : limit is null ? calendar.Begins
                    : Utc(limit.Begins),
                Ends =
                    declared.Period == BudgetPeriod.Total ? null
                    : limit is null || now >= Utc(limit.Ends) ? calendar.Ends
                    : Utc(limit.Ends),
                FirstSpentAt = first,
                FromLedger = true,
                AsOf = now,
                Known = now,
                Exhausted = limit?.Exhausted == true && !observes,
                CapPending = !observes && caps.Any(cap => cap.Spent + cap.Held > cap.Cap),
                Observe = observes,
                Manual = declared.Resume == BudgetResume.Manual,
                Raise = raise,
                Top = SpendSummary.Top(limit?.Spend),
                PerCall = SpendSummary.Statistics(limit?.Spend?.PerCall),
                PerRun = SpendSummary.Statistics(limit?.Spend?.PerRun),
            };
        }
    }

    /// <summary>The windows that are over, by a ledger: those that it still settles, and the last one of each budget.</summary>
    public static IEnumerable<OverLine> Over(string prefix, BudgetLedgerStatus ledger) =>
        ledger
            .Limits.Where(limit => limit is { Last: not null, Shared: not true })
            .Select(limit =>
                Over(prefix + limit.Budget, limit.Window, limit.Settled, limit.Unproven + limit.Outstanding, limit.MaxCost, limit.MaxTokens)
            )
            .Concat(
                ledger.Previous.Select(old => Over(prefix + old.Budget, old.Window, old.Settled, old.Unproven, old.MaxCost, old.MaxTokens))
            );

    /// <summary>The raise of a period that is in force.</summary>
    public static BudgetRaise? Raise(IWindowedBudget? budget, BudgetPeriod period, DateTimeOffset now) =>
        budget?.Raises.Find(raise => raise.Period == period && now < raise.ExpiresAt.ToUniversalTime());

    /// <summary>A period as statuses and ledgers name it.</summary>
    public static string Key(BudgetPeriod period) => period.ToString().ToLowerInvariant();

    private static OverLine Over(string budget, string? window, Amount settled, Amount unproven, Money? maxCost, long? maxTokens)
    {
        var spent = settled + unproven;
        return new OverLine(
            budget,
            window,
            Caps(
                new CapReport(BudgetUnit.Usd, spent.Cost.Amount, maxCost?.Amount) { Unproven = unproven.Cost.Amount },
                maxTokens is null ? null : new CapReport(BudgetUnit.Tokens, spent.Tokens, maxTokens) { Unproven = unproven.Tokens },
                null,
                null
            )
        );
    }

    private static List<CapReport> Caps(CapReport cost, CapReport? tokens, BudgetWindow? declared, BudgetRaise? raise)
    {
        var caps = new List<CapReport>();
        if (cost.Cap is not null || tokens is null)
            caps.Add(cost with { Declared = Cost(declared?.MaxCost) is { } dollars && Cost(raise?.MaxCost) > dollars ? dollars : null });
        if (tokens is not null)
            caps.Add(tokens with { Declared = declared?.MaxTokens is { } count && raise?.MaxTokens > count ? count : null });
        return caps;
    }

    private static bool Observes(IWindowedBudget? budget, BudgetWindow? window) =>
        budget?.Mode == BudgetMode.Observe || window?.OnExhausted == ExhaustedAction.Alert;

    private static DateTimeOffset? Begins(BudgetPeriod period, DateTimeOffset ends, string? timeZone)
    {
        if (period == BudgetPeriod.Total || !BudgetCalendar.TryZone(timeZone, out var zone))
            return null;
        var window = BudgetCalendar.At(period, ends.AddTicks(-1), zone);
        // The two ends differ where the time zone was changed while the window was open.
        return window.Ends == ends ? window.Begins : null;
    }

    private static decimal? Cost(string? text) => Money.TryParse(text, out var money) ? money.Amount : null;

    private static DateTimeOffset Utc(DateTime moment) =>
        new(moment.Kind == DateTimeKind.Local ? moment.ToUniversalTime() : DateTime.SpecifyKind(moment, DateTimeKind.Utc));
}
