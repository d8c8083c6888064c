using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentBudgets;

/// <summary>What a shared budget's status says. Pure; the agents' own decisions say what it means for them.</summary>
internal static class AgentBudgetDecider
{
    private const int MostSpenders = 10;

    /// <summary>Decides.</summary>
    public static AgentBudgetDecision Decide(AgentBudgetObservation seen)
    {
        var (budget, before) = (seen.Budget, seen.Budget.Status ?? new AgentBudgetStatus());
        var generation = budget.Metadata.Generation;
        var events = new List<EventNote>();
        var conditions = new List<Condition>();
        void Set(string type, string status, string reason, string message)
        {
            var old = before.Conditions.FirstOrDefault(condition => condition.Type == type);
            conditions.Add(
                new Condition
                {
                    Type = type,
                    Status = status,
                    Reason = reason,
                    Message = message,
                    ObservedGeneration = generation,
                    LastTransitionTime = old?.Status == status ? old.LastTransitionTime : Timestamps.WholeSeconds(seen.Now),
                }
            );
        }

        var problems = budget.Faults.Count > 0 ? budget.Faults : [.. BudgetRules.Check(budget).Select(problem => problem.ToString())];
        if (problems.Count > 0)
        {
            var (reason, text) = (budget.Faults.Count > 0 ? Reasons.Undecodable : Reasons.InvalidSpec, string.Join("; ", problems));
            Set(ConditionTypes.Ready, "False", reason, text);
            Set(ConditionTypes.Stalled, "True", reason, text);
            if (!before.Conditions.Any(condition => condition.Type == ConditionTypes.Stalled && condition.Message == text))
                events.Add(new EventNote(true, reason, text));
            return new AgentBudgetDecision(before with { ObservedGeneration = generation, Conditions = conditions }, false, events, null);
        }

        var terms = BudgetWindows.Shared(budget.Spec, seen.Now);
        var windows = WindowReport.Of(budget.Spec, seen.Ledger, seen.Now);
        foreach (var window in windows.Where(window => !window.IsExhausted && window.News(before.Budget, window.Terms.Budget) > 0))
            events.Add(new EventNote(true, Reasons.BudgetAlert, window.AlertText(seen.Now)));
        var wasSpent = before.Conditions.Any(condition => condition is { Type: ConditionTypes.WithinBudget, Status: "False" });
        if (windows.FirstOrDefault(window => window.IsExhausted) is { } spent)
        {
            var message = $"{spent.SpentWords} of {spent.Words} spent: the agents' model calls are answered 402{spent.Until}";
            Set(ConditionTypes.WithinBudget, "False", Reasons.BudgetExhausted, message);
            if (!wasSpent)
                events.Add(new EventNote(true, Reasons.BudgetExhausted, message));
        }
        else
        {
            var nearest = windows.MaxBy(window => window.Passed)!;
            Set(
                ConditionTypes.WithinBudget,
                "True",
                terms.Observe ? Reasons.Observing : Reasons.WithinBudget,
                nearest.Passed > 0 ? $"of {nearest.Words}, {nearest.Passed} % or more is spent" : $"of {nearest.Words} there is money left"
            );
            if (wasSpent)
                events.Add(
                    new EventNote(
                        false,
                        Reasons.BudgetResumed,
                        $"the budget lets calls go again: cap {nearest.Words}, {nearest.SpentWords} spent"
                    )
                );
        }
        Set(ConditionTypes.Ready, "True", Reasons.WithinBudget, $"it binds {seen.Agents} agents");

        var id = seen.Ledger?.Id ?? before.Budget.Select(row => row.Ledger).FirstOrDefault(ledger => ledger is not null);
        IReadOnlyList<BudgetWindowStatus> rows =
        [
            .. windows.Select(window => window.Status(window.Terms.Budget, before.Budget, id, seen.Now)),
        ];
        var status = new AgentBudgetStatus
        {
            ObservedGeneration = generation,
            Agents = seen.Agents,
            Budget = rows,
            Evaluations = Evaluations(seen, before, events),
            // Who spent what changes with every call; it is told when the windows are.
            TopSpenders = rows.SequenceEqual(before.Budget) ? before.TopSpenders : TopSpenders(seen.Ledger),
            Conditions = conditions,
        };
        var refresh = seen.Ledger is null
            ? seen.Agents > 0
            : !LedgerStore.Same(seen.Ledger, LedgerLimits.Open(seen.Ledger, terms, seen.Now, seen.Ledger.Id ?? ""));
        var next = windows
            .Where(window => window.Spec.Period != BudgetPeriod.Total)
            .Select(window => window.Ends)
            .Append(BudgetWindows.RaiseEnds(budget.Spec, seen.Now) ?? DateTimeOffset.MaxValue)
            .Where(ends => ends > seen.Now)
            .DefaultIfEmpty(DateTimeOffset.MaxValue)
            .Min();
        return new AgentBudgetDecision(
            status,
            refresh,
            events,
            next == DateTimeOffset.MaxValue ? null : next - seen.Now + TimeSpan.FromMilliseconds(20)
        );
    }

    // A spent share stops evaluations only, so it is told beside the budget's own condition and changes nothing of it.
    private static IReadOnlyList<BudgetWindowStatus> Evaluations(
        AgentBudgetObservation seen,
        AgentBudgetStatus before,
        List<EventNote> events
    )
    {
        if (EvaluationShare.Of(seen.Budget.Spec) is not { } share)
            return [];
        var (rows, news) = EvaluationRows.Of(share, seen.Evaluations, before.Evaluations, seen.Now);
        events.AddRange(news);
        return rows;
    }

    private static IReadOnlyList<SpenderStatus> TopSpenders(BudgetLedgerStatus? ledger) =>
        ledger is null
            ? []
            :
            [
                .. ledger
                    .Holders.Where(holder => holder.Closed != true)
                    // The agent's own account, and those of its evaluations: namespace.agent, and what follows.
                    .GroupBy(holder => string.Join('/', holder.Pod.Split('.').Take(2)))
                    .Select(group =>
                        (Agent: group.Key, Spent: Money.Sum(group.Select(holder => holder.Settled.Cost + holder.Unproven.Cost)))
                    )
                    .Where(spender => spender.Spent > Money.Zero)
                    .OrderByDescending(spender => spender.Spent.Amount)
                    .ThenBy(spender => spender.Agent, StringComparer.Ordinal)
                    .Take(MostSpenders)
                    .Select(spender => new SpenderStatus { Agent = spender.Agent, Spent = spender.Spent.ToDisplay() }),
            ];
}
