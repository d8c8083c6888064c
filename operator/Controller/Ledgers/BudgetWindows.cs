using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using NodaTime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>From what is declared and a moment to the terms of an account. Pure.</summary>
public static class BudgetWindows
{
    /// <summary>The name of the window of an evaluation's account, which never ends.</summary>
    public const string Total = "total";

    private static readonly DateTimeOffset Never = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Ever = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The terms of production spend.</summary>
    /// <param name="agent">The agent's spec.</param>
    /// <param name="shared">The shared budgets that bind it, the widest first.</param>
    /// <param name="now">The moment.</param>
    public static AccountTerms Serving(AgentDeploymentSpec agent, IReadOnlyList<SharedBudget> shared, DateTimeOffset now) =>
        new AccountTerms
        {
            Limits = agent.Budget is { } budget ? Limits(budget, now) : [],
            Acknowledged = agent.Budget?.AcknowledgedOverruns ?? [],
        }.Below(shared, now);

    /// <summary>The terms of a shared budget, of a share of it, or of an agent's evaluations.</summary>
    public static AccountTerms Shared(IWindowedBudget budget, DateTimeOffset now) => new() { Limits = Limits(budget, now) };

    /// <summary>The terms of a revision's evaluation.</summary>
    /// <param name="spec">The agent.</param>
    /// <param name="latestAttempt">How often what serves was measured again: each time may cost as much as the first.</param>
    public static AccountTerms Evals(AgentDeploymentSpec spec, int latestAttempt = 0) =>
        Once(
            "evals",
            Money.Sum(spec.Evals.Select(eval => Money.TryParse(eval.MaxCost ?? Defaults.EvalMaxCost, out var cap) ? cap : Money.Zero)),
            latestAttempt
        );

    /// <summary>The terms of the judges of a revision's evaluation.</summary>
    /// <param name="suites">The agent's suites.</param>
    /// <param name="latestAttempt">How often what serves was measured again.</param>
    public static AccountTerms Judge(IEnumerable<EvalSuite> suites, int latestAttempt) =>
        Once(
            "judge",
            Money.Sum(
                suites.Select(suite =>
                    suite.Spec.Builtin?.Judge is { } judge && Money.TryParse(judge.MaxCost ?? Defaults.JudgeMaxCost, out var cap)
                        ? cap
                        : Money.Zero
                )
            ),
            latestAttempt
        );

    /// <summary>What a ledger and its windows were called when a status was last written; null where nothing is known.</summary>
    public static LedgerWitness? Witness(IReadOnlyList<BudgetWindowStatus> status) =>
        status.FirstOrDefault(window => window.Ledger is not null)?.Ledger is not { } id
            ? null
            : new LedgerWitness(
                id,
                status
                    .Where(window => window.Ledger == id && window.Window is not null)
                    .DistinctBy(window => window.Budget)
                    .ToDictionary(window => window.Budget, window => window.Window!, StringComparer.Ordinal)
            );

    /// <summary>How a cap of a period reads: "$50 a day", "200000 tokens an hour" or both.</summary>
    public static string Words(BudgetPeriod period, Money? cost, long? tokens)
    {
        var what = (cost, tokens) switch
        {
            ({ } dollars, { } count) => string.Create(CultureInfo.InvariantCulture, $"${dollars} and {count} tokens"),
            (null, { } count) => string.Create(CultureInfo.InvariantCulture, $"{count} tokens"),
            _ => $"${cost}",
        };
        return what
            + period switch
            {
                BudgetPeriod.Hour => " an hour",
                BudgetPeriod.Day => " a day",
                BudgetPeriod.Week => " a week",
                BudgetPeriod.Month => " a month",
                _ => " in all",
            };
    }

    /// <summary>The caps of a budget, each for the window that is open at a moment.</summary>
    // A zone that this operator's database lacks makes the spec invalid: nothing is declared then, and the windows stay as they are.
    public static IReadOnlyList<LimitTerms> Limits(IWindowedBudget budget, DateTimeOffset now) =>
        !BudgetCalendar.TryZone(budget.TimeZone, out var zone)
            ? []
            :
            [
                .. budget.Windows.Select(window =>
                {
                    var raise = budget.Raises.Find(raise => raise.Period == window.Period && now < raise.ExpiresAt.ToUniversalTime());
                    return Of(window.Period, now, zone) with
                    {
                        MaxCost = Raised(Cost(window.MaxCost), Cost(raise?.MaxCost)),
                        MaxTokens = window.MaxTokens is { } tokens ? Math.Max(tokens, raise?.MaxTokens ?? 0) : null,
                        Observe = budget.Mode == BudgetMode.Observe || window.OnExhausted == ExhaustedAction.Alert,
                        Manual = window.Resume == BudgetResume.Manual,
                        ResumedAt = window.ResumedAt?.ToUniversalTime(),
                        WrittenOff = budget
                            .WriteOffs.Where(writeOff => writeOff.Period == window.Period)
                            .DistinctBy(writeOff => writeOff.Window)
                            .ToDictionary(
                                writeOff => writeOff.Window,
                                writeOff => new Amount(Cost(writeOff.MaxCost) ?? Money.Zero, writeOff.MaxTokens ?? 0),
                                StringComparer.Ordinal
                            ),
                    };
                }),
            ];

    /// <summary>The next moment at which a raise of a budget ends; null where none is in force.</summary>
    public static DateTimeOffset? RaiseEnds(IWindowedBudget budget, DateTimeOffset now) =>
        budget
            .Raises.Select(raise => (DateTimeOffset?)new DateTimeOffset(raise.ExpiresAt.ToUniversalTime()))
            .Where(ends => ends > now)
            .Min();

    private static Money? Raised(Money? cap, Money? raise) => cap is { } declared ? Money.Max(declared, raise ?? Money.Zero) : null;

    /// <summary>An amount of money as a spec has it; null where it has none.</summary>
    public static Money? Cost(string? text) => Money.TryParse(text, out var cost) ? cost : null;

    // In decimals, so that no number of attempts wraps around to a negative cap; one below 0 counts as none.
    private static AccountTerms Once(string budget, Money cap, int latestAttempt) =>
        new()
        {
            Limits = [new LimitTerms(budget, Total, Ever, Never) { MaxCost = new Money(cap.Amount * (1m + Math.Max(0, latestAttempt))) }],
        };

    /// <summary>The window of a period that is open at a moment.</summary>
    public static LimitTerms Of(BudgetPeriod period, DateTimeOffset now, DateTimeZone? zone = null)
    {
        var window = BudgetCalendar.At(period, now, zone ?? DateTimeZone.Utc);
        return new LimitTerms(period.ToString().ToLowerInvariant(), window.Name, window.Begins, window.Ends);
    }
}
