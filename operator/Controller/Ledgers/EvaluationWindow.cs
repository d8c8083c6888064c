using AgentReadiness.Api;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// What all evaluations and judges of an agent may spend together, over all its revisions: a new revision has its own cap, and never a new
/// window. Pure.
/// </summary>
internal static class EvaluationWindow
{
    /// <summary>
    /// The terms: the agent's own windows of money that refuse, each once more for evaluations. Where it has none, a day with
    /// <see cref="Defaults.EvaluationsPerDay"/> whole evaluations. One whole evaluation fits in any case, or no revision could ever pass.
    /// </summary>
    /// <param name="agent">The agent's spec.</param>
    /// <param name="suites">Its suites, those that exist.</param>
    /// <param name="now">The moment.</param>
    public static AccountTerms Of(AgentDeploymentSpec agent, IEnumerable<EvalSuite> suites, DateTimeOffset now)
    {
        var budget = agent.Budget ?? new BudgetSpec();
        // The spec is invalid then, and nothing is granted by it.
        if (!BudgetCalendar.TryZone(budget.TimeZone, out var zone))
            return AccountTerms.None;
        var whole = Cap(BudgetWindows.Evals(agent)) + Cap(BudgetWindows.Judge(suites, 0));
        var own = BudgetWindows
            .Limits(budget, now)
            .Where((limit, i) => limit.MaxCost is not null && budget.Windows[i].OnExhausted != ExhaustedAction.Alert)
            .ToList();
        if (own.Count == 0)
            own.Add(BudgetWindows.Of(BudgetPeriod.Day, now, zone) with { MaxCost = new Money(whole.Amount * Defaults.EvaluationsPerDay) });
        return new AccountTerms
        {
            // What the budget observes, resumes by a person or writes off is what serves. Evaluations keep their caps.
            Limits =
            [
                .. own.Select(limit => new LimitTerms(limit.Budget, limit.Window, limit.Begins, limit.Ends)
                {
                    MaxCost = Money.Max(limit.MaxCost!.Value, whole),
                }),
            ],
        };
    }

    private static Money Cap(AccountTerms terms) => terms.Limits.Single().MaxCost ?? Money.Zero;
}
