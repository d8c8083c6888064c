using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What a status says of the money of evaluations. Pure.</summary>
internal static class EvaluationRows
{
    /// <summary>The rows, and an event for each window that is spent since the status was written.</summary>
    /// <param name="budget">What evaluations may spend.</param>
    /// <param name="ledger">Their account, or null.</param>
    /// <param name="before">The rows of the last status.</param>
    /// <param name="now">The moment.</param>
    public static (IReadOnlyList<BudgetWindowStatus> Rows, IReadOnlyList<EventNote> Events) Of(
        IWindowedBudget budget,
        BudgetLedgerStatus? ledger,
        IReadOnlyList<BudgetWindowStatus> before,
        DateTimeOffset now
    )
    {
        var windows = WindowReport.Of(budget, ledger, now);
        var id = ledger?.Id ?? before.Select(row => row.Ledger).FirstOrDefault(known => known is not null);
        return (
            [.. windows.Select(window => window.Status(window.Terms.Budget, before, id, now))],
            [
                .. windows
                    .Where(window => window.IsExhausted && !before.Any(row => row.Budget == window.Terms.Budget && row.Exhausted == true))
                    .Select(window => new EventNote(
                        true,
                        Reasons.BudgetExhausted,
                        $"evaluations spent {window.SpentWords} of their {window.Words}: they are answered 402{window.Until}"
                    )),
            ]
        );
    }
}
