using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>One window of a budget as people are told of it. Pure.</summary>
/// <param name="Spec">What is declared.</param>
/// <param name="Terms">What is in force now.</param>
/// <param name="Limit">What the ledger has of the open window; null where it has nothing yet.</param>
internal sealed record WindowReport(BudgetWindow Spec, LimitTerms Terms, LedgerLimit? Limit)
{
    /// <summary>The least time between two writes of the spend where no threshold was passed.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(5);

    private static readonly IReadOnlyList<int> DefaultAlerts = [50, 80, 95];

    /// <summary>The windows of a budget.</summary>
    public static IReadOnlyList<WindowReport> Of(IWindowedBudget budget, BudgetLedgerStatus? ledger, DateTimeOffset now) =>
        [
            .. BudgetWindows
                .Limits(budget, now)
                .Select(
                    (terms, i) =>
                        new WindowReport(
                            budget.Windows[i],
                            terms,
                            ledger is null
                                ? null
                                : LedgerLimits
                                    .Current(ledger)
                                    .FirstOrDefault(limit =>
                                        limit.Shared != true
                                        && limit.Budget == terms.Budget
                                        && (limit.Window == terms.Window || now.UtcDateTime < limit.Ends)
                                    )
                        )
                ),
        ];

    /// <summary>The cap in words: "$50 a day".</summary>
    public string Words =>
        BudgetWindows.Words(
            Terms.MaxCost is null && Terms.MaxTokens is null ? BudgetPeriod.Total : Spec.Period,
            Terms.MaxCost,
            Terms.MaxTokens
        );

    /// <summary>What is spent.</summary>
    public Amount Spent => Limit is null ? Amount.Zero : LedgerLimits.Spent(Limit);

    /// <summary>What is spent in words, in the units of the cap: "$12.5".</summary>
    public string SpentWords =>
        Terms switch
        {
            { MaxCost: not null, MaxTokens: not null } => string.Create(
                CultureInfo.InvariantCulture,
                $"${Spent.Cost.ToDisplay()} and {Spent.Tokens} tokens"
            ),
            { MaxTokens: not null } => string.Create(CultureInfo.InvariantCulture, $"{Spent.Tokens} tokens"),
            _ => $"${Spent.Cost.ToDisplay()}",
        };

    /// <summary>Calls are refused.</summary>
    public bool IsExhausted => Limit is { Exhausted: true } && !Terms.Observe;

    /// <summary>Only a person ends the exhaustion.</summary>
    public bool NeedsPerson => IsExhausted && (Terms.Manual || Spec.Period == BudgetPeriod.Total);

    /// <summary>When the window began.</summary>
    public DateTimeOffset Begins => Limit is null ? Terms.Begins : new DateTimeOffset(DateTime.SpecifyKind(Limit.Begins, DateTimeKind.Utc));

    /// <summary>When the window ends.</summary>
    public DateTimeOffset Ends => Limit is null ? Terms.Ends : new DateTimeOffset(DateTime.SpecifyKind(Limit.Ends, DateTimeKind.Utc));

    /// <summary>The percentages that alerts are sent at. An observed cap refuses no call, so 100 % is one of them.</summary>
    public IReadOnlyList<int> Alerts => Terms.Observe ? [.. Spec.AlertAt ?? DefaultAlerts, 100] : Spec.AlertAt ?? DefaultAlerts;

    /// <summary>What ends the exhaustion, in words.</summary>
    public string Until =>
        Terms.Manual ? $" until a person sets resumedAt of the window after {Limit?.ExhaustedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}"
        : Spec.Period == BudgetPeriod.Total ? " until the cap is raised"
        : $" until {Ends:yyyy-MM-dd'T'HH:mm'Z'} or until the cap is raised";

    /// <summary>The highest alert that is passed, percent; 0 for none.</summary>
    public int Passed => PassedBy(Spent.Cost, Spent.Tokens, Terms.MaxCost, Terms.MaxTokens);

    /// <summary>The alert that is news since a status was written, percent; 0 for none.</summary>
    public int News(IReadOnlyList<BudgetWindowStatus> before, string name) =>
        Old(before, name) is { } old && IsSame(old) && PassedBy(old) >= Passed ? 0 : Passed;

    /// <summary>The alert's text, with when the cap is reached at the faster of the two paces.</summary>
    public string AlertText(DateTimeOffset now) =>
        $"{SpentWords} of {Words} spent: {Passed} % or "
        + $"more{(Spec.Period == BudgetPeriod.Total ? "" : $"; the window ends {Ends:yyyy-MM-dd'T'HH:mm'Z'}")}{ForecastText(now)}";

    /// <summary>
    /// The row of the status. Spend changes with every call, and the status must be written much less often: when a threshold is passed,
    /// and
    /// otherwise every five minutes.
    /// </summary>
    public BudgetWindowStatus Status(string name, IReadOnlyList<BudgetWindowStatus> before, string? ledger, DateTimeOffset now)
    {
        var fresh = Row(name, ledger, now);
        if (
            Old(before, name) is not { } old
            || !IsSame(old)
            || old.Exhausted != fresh.Exhausted
            || old.WrittenOff != fresh.WrittenOff
            || old.Ledger != fresh.Ledger
        )
            return fresh;
        var isNew =
            old.Spent != fresh.Spent
            || old.Unproven != fresh.Unproven
            || old.SpentTokens != fresh.SpentTokens
            || old.CapPending != fresh.CapPending;
        var settledDown = fresh.Exhausted == true && old.Spent != fresh.Spent;
        return settledDown || PassedBy(old) != Passed || (now.UtcDateTime - old.AsOf >= Refresh && isNew) ? fresh : old;
    }

    // What was spent of dollars, and of tokens; null where the window never ends, or where that unit is not limited.
    private WindowSpend? Cost(DateTimeOffset now) =>
        Spec.Period == BudgetPeriod.Total ? null : Spend(Spent.Cost.Amount, LastHour(now)?.Cost.Amount, now);

    private WindowSpend? Tokens(DateTimeOffset now) =>
        Spec.Period == BudgetPeriod.Total ? null : Spend(Spent.Tokens, LastHour(now)?.Tokens, now);

    private WindowSpend Spend(decimal spent, decimal? lastHour, DateTimeOffset now) =>
        new(spent, now)
        {
            Begins = Begins,
            Ends = Ends,
            FirstSpentAt = FirstSpentAt,
            LastHour = lastHour,
        };

    private DateTimeOffset? FirstSpentAt =>
        Limit?.FirstSpentAt is { } first ? new DateTimeOffset(DateTime.SpecifyKind(first, DateTimeKind.Utc)) : null;

    private Amount? LastHour(DateTimeOffset now) => SpendPace.LastHour(Limit?.Pace, FirstSpentAt, Spent, now);

    private static string? Display(decimal? cost) => cost is { } known ? new Money(known).ToDisplay() : null;

    // The cap that is reached first, at the pace that reaches it first.
    private string ForecastText(DateTimeOffset now)
    {
        var reached = new[] { (Spend: Cost(now), Cap: Terms.MaxCost?.Amount), (Spend: Tokens(now), Cap: (decimal?)Terms.MaxTokens) }
            .Where(one => one is { Spend: not null, Cap: not null })
            .Select(one => (At: BudgetForecast.Reaches(one.Spend!, one.Cap!.Value), BudgetForecast.Of(one.Spend!).IsLastHourFaster))
            .Where(one => one.At is not null)
            .OrderBy(one => one.At)
            .FirstOrDefault();
        return reached.At is { } at
            ? $"; at {(reached.IsLastHourFaster ? "the pace of the last hour" : "the mean pace since the first spend")} the cap is reached "
                + $"at {at.UtcDateTime:yyyy-MM-dd'T'HH:mm'Z'}"
            : "";
    }

    private BudgetWindowStatus Row(string name, string? ledger, DateTimeOffset now) =>
        new()
        {
            Budget = name,
            Period = Spec.Period,
            Window = Limit?.Window ?? Terms.Window,
            Spent = Spent.Cost.ToDisplay(),
            Unproven = (Limit?.Unproven.Cost ?? Money.Zero).ToDisplay(),
            WrittenOff = Limit?.WrittenOff?.ToString(),
            Cap = Terms.MaxCost?.ToString(),
            SpentTokens = Terms.MaxTokens is null ? null : Spent.Tokens,
            CapTokens = Terms.MaxTokens,
            Forecast = Display(Cost(now) is { } cost ? BudgetForecast.Of(cost).Mean : null),
            ForecastLastHour = Display(Cost(now) is { } hourly ? BudgetForecast.Of(hourly).LastHour : null),
            FirstSpentAt = Limit?.FirstSpentAt,
            SpentLastHour = LastHour(now)?.Cost.ToDisplay(),
            SpentTokensLastHour = Terms.MaxTokens is null ? null : LastHour(now)?.Tokens,
            Top = SpendSummary.Top(Limit?.Spend),
            PerCall = SpendSummary.Statistics(Limit?.Spend?.PerCall),
            PerRun = SpendSummary.Statistics(Limit?.Spend?.PerRun),
            Ends = Ends.UtcDateTime,
            AsOf = Timestamps.WholeSeconds(now),
            Exhausted = IsExhausted,
            CapPending =
                Limit is not null
                && !Terms.Observe
                && !(Spent + Limit.Outstanding).FitsIn(
                    LedgerLimits.Cap(Limit with { MaxCost = Terms.MaxCost, MaxTokens = Terms.MaxTokens })
                )
                    ? true
                    : null,
            Ledger = ledger,
        };

    private static BudgetWindowStatus? Old(IReadOnlyList<BudgetWindowStatus> before, string name) =>
        before.FirstOrDefault(row => row.Budget == name);

    // Another window, or another cap of it: what was told of the old one says nothing of this one.
    private bool IsSame(BudgetWindowStatus old) =>
        old.Period == Spec.Period
        && old.Ends == Ends.UtcDateTime
        && old.Cap == Terms.MaxCost?.ToString()
        && old.CapTokens == Terms.MaxTokens;

    private int PassedBy(BudgetWindowStatus row) =>
        PassedBy(Money.TryParse(row.Spent, out var spent) ? spent : Money.Zero, row.SpentTokens ?? 0, Terms.MaxCost, Terms.MaxTokens);

    private int PassedBy(Money cost, long tokens, Money? maxCost, long? maxTokens) =>
        Alerts
            .Where(threshold =>
                (maxCost is { } cap && cap > Money.Zero && cost.Amount * 100m >= cap.Amount * threshold)
                || (maxTokens is { } most && tokens * 100m >= (decimal)most * threshold)
            )
            .DefaultIfEmpty()
            .Max();
}
