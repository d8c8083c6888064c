using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Budgets;

/// <summary>Which account a pod spends from.</summary>
/// <param name="Namespace">The agent's namespace.</param>
/// <param name="Agent">The agent's name.</param>
/// <param name="Account">Production or evaluation.</param>
/// <param name="Revision">The revision, for an evaluation.</param>
public sealed record AccountKey(string Namespace, string Agent, LedgerAccount Account, string? Revision)
{
    /// <summary>The BudgetLedger's name: namespace.agent, namespace.agent.eval-revision or namespace.agent.judge-revision.</summary>
    public string LedgerName => Account switch
    {
        LedgerAccount.Serving => $"{Namespace}.{Agent}",
        LedgerAccount.Judge => $"{Namespace}.{Agent}.judge-{Revision}",
        _ => $"{Namespace}.{Agent}.eval-{Revision}",
    };

    /// <summary>The account of serving pods.</summary>
    public static AccountKey Serving(string ns, string agent) => new(ns, agent, LedgerAccount.Serving, null);

    /// <summary>The account of the judges of a revision's evaluation.</summary>
    public static AccountKey Judge(string ns, string agent, string revision) => new(ns, agent, LedgerAccount.Judge, revision);

    /// <summary>The account of a revision's evaluation.</summary>
    public static AccountKey Evals(string ns, string agent, string revision) => new(ns, agent, LedgerAccount.Evals, revision);
}

/// <summary>From a spec and a moment to the window that is open and its cap. Pure.</summary>
public static class BudgetWindows
{
    /// <summary>The name of the window of an evaluation's account, which never ends.</summary>
    public const string Total = "total";

    private static readonly DateTimeOffset Never = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The window of production spend; null where none is declared.</summary>
    public static OpenWindow? Serving(AgentDeploymentSpec spec, DateTimeOffset now) =>
        spec.Budget is { Windows: [var window, ..] } budget && Money.TryParse(window.MaxCost, out var cap)
            ? Of(window.Period, now, cap) with { Budget = window.Period.ToString().ToLowerInvariant(), Observe = budget.Mode == BudgetMode.Observe }
            : null;

    /// <summary>The window of a revision's evaluation.</summary>
    /// <param name="spec">The agent.</param>
    /// <param name="again">How often what serves was measured again: each time may cost as much as the first.</param>
    public static OpenWindow Evals(AgentDeploymentSpec spec, int again = 0) => new(Total, Never,
        new Money(Money.Sum(spec.Evals.Select(eval => Money.TryParse(eval.MaxCost ?? Defaults.EvalMaxCost, out var cap) ? cap : Money.Zero)).Amount * (1 + again))) { Budget = "evals" };

    /// <summary>The window of the judges of a revision's evaluation.</summary>
    /// <param name="suites">The agent's suites.</param>
    /// <param name="again">How often what serves was measured again.</param>
    public static OpenWindow Judge(IEnumerable<EvalSuite> suites, int again) => new(Total, Never,
        new Money(Money.Sum(suites.Select(suite => suite.Spec.Builtin?.Judge is { } judge && Money.TryParse(judge.MaxCost ?? Defaults.JudgeMaxCost, out var cap) ? cap : Money.Zero)).Amount * (1 + again))) { Budget = "judge" };

    /// <summary>
    /// The window of an account for which nobody declares one: the one that it has. Reports are still booked, nothing is granted; and when the agent comes back,
    /// what it spent in its window is still there.
    /// </summary>
    public static OpenWindow AsItStands(BudgetLedgerStatus account) =>
        new(account.Window ?? "none", account.WindowEnds is { } ends ? new DateTimeOffset(DateTime.SpecifyKind(ends, DateTimeKind.Utc)) : Never, null);

    /// <summary>How a cap of a period reads: "$50 a day".</summary>
    public static string Words(BudgetPeriod period, Money cap) => period switch
    {
        BudgetPeriod.Hour => $"${cap} an hour",
        BudgetPeriod.Day => $"${cap} a day",
        BudgetPeriod.Week => $"${cap} a week",
        BudgetPeriod.Month => $"${cap} a month",
        _ => $"${cap} in all",
    };

    /// <summary>The window of a period that is open at a moment, aligned to the calendar in UTC; weeks as ISO 8601 counts them.</summary>
    public static OpenWindow Of(BudgetPeriod period, DateTimeOffset now, Money? cap)
    {
        var utc = now.UtcDateTime;
        var day = utc.Date;
        OpenWindow From(string name, DateTime ends) => new(name, new DateTimeOffset(ends, TimeSpan.Zero), cap);
        switch (period)
        {
            case BudgetPeriod.Hour:
                return From(utc.ToString("yyyy-MM-dd'T'HH", CultureInfo.InvariantCulture), day.AddHours(utc.Hour + 1));
            case BudgetPeriod.Day:
                return From(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), day.AddDays(1));
            case BudgetPeriod.Week:
                var monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
                return From(string.Create(CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(day)}-W{ISOWeek.GetWeekOfYear(day):00}"), monday.AddDays(7));
            case BudgetPeriod.Month:
                var first = day.AddDays(1 - day.Day);
                return From(day.ToString("yyyy-MM", CultureInfo.InvariantCulture), first.AddMonths(1));
            default:
                return new OpenWindow(Total, Never, cap);
        }
    }
}
