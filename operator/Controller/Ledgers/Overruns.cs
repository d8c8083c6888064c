using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Which overruns an account keeps, and what they refuse. Pure.</summary>
public static class Overruns
{
    /// <summary>Stands for a price rule where a pod reported more than what was granted could buy.</summary>
    public const string BeyondGrants = "beyond-grants";

    private const int Most = 32;

    /// <summary>Adds what a guardrail reports, but for what is acknowledged; a rule keeps its last overrun.</summary>
    public static BudgetLedgerStatus Book(
        BudgetLedgerStatus account,
        IReadOnlyList<OverrunReport> reports,
        string pod,
        IReadOnlyList<OverrunAcknowledgement> acknowledged
    )
    {
        foreach (var report in Open(reports, acknowledged))
        {
            var known = account.Overruns.FirstOrDefault(overrun => overrun.Rule == report.Rule);
            if (known?.At >= report.At.UtcDateTime || (known is null && account.Overruns.Count >= Most))
                continue;
            account = account with
            {
                Overruns =
                [
                    .. account.Overruns.Where(overrun => overrun != known),
                    new LedgerOverrun
                    {
                        Rule = report.Rule,
                        Model = Cut(report.Model, 256),
                        Cost = report.Cost,
                        Reserved = report.Reserved,
                        Why = Cut(report.Why, 512),
                        Pod = pod,
                        At = report.At.UtcDateTime,
                    },
                ],
            };
        }
        return account;
    }

    /// <summary>Notes a report that says more than what was granted could buy, once for each amount.</summary>
    /// <param name="account">The account.</param>
    /// <param name="holder">The line of the pod, with the report.</param>
    /// <param name="now">The moment.</param>
    /// <param name="acknowledged">What the agent's spec acknowledges.</param>
    public static BudgetLedgerStatus NoteExcess(
        BudgetLedgerStatus account,
        LedgerHolder holder,
        DateTimeOffset now,
        IReadOnlyList<OverrunAcknowledgement> acknowledged
    )
    {
        var (spent, bought) = (holder.Settled + holder.Unproven, holder.Granted - holder.Returned);
        if (spent.FitsIn(bought) || account.Overruns.Any(known => known.Rule == BeyondGrants && known.Cost == spent.Cost))
            return account;
        var report = new OverrunReport
        {
            Rule = BeyondGrants,
            Model = "?",
            Cost = spent.Cost,
            Reserved = bought.Cost,
            Why = $"pod {holder.Pod} reported {spent} spent, and {bought} was granted to it: the rest counts for the agent alone",
            At = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()),
        };
        return Book(account, [report], holder.Pod, acknowledged);
    }

    /// <summary>Takes out what is acknowledged.</summary>
    public static BudgetLedgerStatus Acknowledge(BudgetLedgerStatus account, IReadOnlyList<OverrunAcknowledgement> acknowledged) =>
        account.Overruns.Any(overrun => IsAcknowledged(overrun.Rule, overrun.At, acknowledged))
            ? account with
            {
                Overruns = [.. account.Overruns.Where(overrun => !IsAcknowledged(overrun.Rule, overrun.At, acknowledged))],
            }
            : account;

    /// <summary>
    /// The price rules that no pod of the account may call. The holder's own reports are included, also where the list is full and does not
    /// keep them.
    /// </summary>
    public static IReadOnlyList<RefusedRule> Refused(
        BudgetLedgerStatus account,
        IReadOnlyList<OverrunReport> reports,
        IReadOnlyList<OverrunAcknowledgement> acknowledged
    ) =>
        [
            .. account
                .Overruns.Select(overrun => new RefusedRule { Rule = overrun.Rule, Why = overrun.Why })
                .Concat(Open(reports, acknowledged).Select(report => new RefusedRule { Rule = report.Rule, Why = report.Why }))
                .DistinctBy(rule => rule.Rule),
        ];

    /// <summary>False where a report lacks a required member. Such a message must not reach the account.</summary>
    public static bool AreWhole(IReadOnlyList<OverrunReport>? reports) =>
        reports is not null && reports.All(report => report is { Rule: not null, Model: not null, Why: not null });

    /// <summary>Whether the agent's spec acknowledges an overrun.</summary>
    public static bool IsAcknowledged(string rule, DateTime at, IReadOnlyList<OverrunAcknowledgement> acknowledged) =>
        acknowledged.Any(one => one.Rule == rule && at < one.Before.ToUniversalTime());

    private static IEnumerable<OverrunReport> Open(
        IReadOnlyList<OverrunReport> reports,
        IReadOnlyList<OverrunAcknowledgement> acknowledged
    ) =>
        reports
            .Where(report => report.Rule.Length is > 0 and <= 200 && !IsAcknowledged(report.Rule, report.At.UtcDateTime, acknowledged))
            .Take(GrantProtocol.MaxOverruns);

    private static string Cut(string text, int length) =>
        text.Length == 0 ? "?"
        : text.Length <= length ? text
        : text[..length];
}
