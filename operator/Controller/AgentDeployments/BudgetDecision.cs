using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What the budgets mean for an agent: how many pods it gets, and what its status says. Pure.</summary>
internal static class BudgetDecision
{
    /// <summary>A window that refuses calls, and where it is declared.</summary>
    private sealed record Refusal(string Path, string Name, WindowReport Window);

    /// <summary>Fills the budget's part of the status and returns the pods that the agent may have.</summary>
    public static int Decide(AgentObservation seen, StatusDraft draft)
    {
        var declared = seen.Agent.Spec.Replicas ?? Defaults.Replicas;
        TellEvaluations(seen, draft);
        IWindowedBudget budget = seen.Agent.Spec.Budget ?? new BudgetSpec();
        var terms = BudgetWindows.Serving(seen.Agent.Spec, [.. seen.Funds.Shared.Select(shared => shared.Budget)], seen.Now);
        if (!terms.MayGrant)
        {
            draft.Status = draft.Status with { Budget = [], Overruns = [] };
            draft.Set(
                ConditionTypes.WithinBudget,
                "True",
                Reasons.NoBudget,
                "no window is declared: the agent's spend over time is counted and not limited"
            );
            return declared;
        }
        var own = WindowReport.Of(budget, seen.Funds.Ledger, seen.Now);
        Told(seen, draft);
        AddRefresh(seen, draft, terms);
        foreach (
            var ends in own.Where(window => window.Spec.Period != BudgetPeriod.Total)
                .Select(window => window.Ends)
                .Append(BudgetWindows.RaiseEnds(budget, seen.Now) ?? DateTimeOffset.MaxValue)
                .Where(ends => ends > seen.Now && ends < DateTimeOffset.MaxValue)
        )
            draft.RequeueAt(ends);

        foreach (var window in own)
        {
            // An exhausted window has an event of its own, so no alert is told for it.
            if (!window.IsExhausted && window.News(draft.Before.Budget, window.Terms.Budget) > 0)
                draft.Note(true, Reasons.BudgetAlert, window.AlertText(seen.Now));
        }
        TellChanges(seen, draft, budget, own);
        // Where the cache shows no ledger yet, the status keeps the ID of the last one that it knew.
        var id = seen.Funds.Ledger?.Id ?? draft.Before.Budget.Select(row => row.Ledger).FirstOrDefault(ledger => ledger is not null);
        var refusals = own.Select((window, i) => new Refusal($"spec.budget.windows[{i}]", window.Terms.Budget, window))
            .Where(refusal => refusal.Window.IsExhausted)
            .Concat(
                seen.Funds.Shared.Where(shared => shared.Budget.Budget is not null)
                    .SelectMany(shared =>
                        WindowReport
                            .Of(shared.Budget.Budget!.Spec, shared.Ledger, seen.Now)
                            .Where(window => window.IsExhausted)
                            .Select(window => new Refusal(
                                $"AgentBudget {shared.Budget.Name}",
                                $"{shared.Budget.Name}/{window.Terms.Budget}",
                                window
                            ))
                    )
            )
            .ToList();
        draft.Status = draft.Status with
        {
            Budget =
            [
                .. own.Select(window => window.Status(window.Terms.Budget, draft.Before.Budget, id, seen.Now))
                    .Concat(
                        refusals
                            .Where(refusal => !own.Contains(refusal.Window))
                            .Select(refusal => refusal.Window.Status(refusal.Name, draft.Before.Budget, null, seen.Now))
                    )
                    .Take(8),
            ],
        };
        if (refusals.Count > 0)
            return Exhausted(draft, declared, refusals);
        Within(seen, draft, own, terms);
        return declared;
    }

    private static void TellEvaluations(AgentObservation seen, StatusDraft draft)
    {
        var before = draft.Before.Evaluations;
        if (seen.Funds.Evaluations is null && before.Count == 0)
            return;
        var budget = EvaluationBudget.Of(seen.Agent.Spec, seen.Funds.Suites);
        var (rows, news) = EvaluationRows.Of(budget, seen.Funds.Evaluations, before, seen.Now);
        draft.Status = draft.Status with { Evaluations = rows };
        foreach (var note in news)
            draft.Note(note.Warning, note.Reason, note.Message);
        // The status must not say for longer than it is so that evaluations are refused.
        foreach (var ends in rows.Where(row => row.Exhausted == true).Select(row => new DateTimeOffset(row.Ends)))
            draft.RequeueAt(ends);
    }

    private static void Within(AgentObservation seen, StatusDraft draft, IReadOnlyList<WindowReport> own, AccountTerms terms)
    {
        if (seen.Funds.Shared.FirstOrDefault(shared => shared.Budget.Budget is null) is { } missing)
        {
            draft.Set(
                ConditionTypes.WithinBudget,
                "False",
                Reasons.SharedBudgetMissing,
                $"spec.budget.sharedBudgets names {missing.Budget.Name}, and namespace {seen.Namespace} has no AgentBudget of that name: "
                    + $"model calls are answered 402 until it has"
            );
            return;
        }
        if (terms.Observe)
        {
            draft.Set(
                ConditionTypes.WithinBudget,
                "True",
                Reasons.Observing,
                "nothing is refused: "
                    + string.Join(
                        "; ",
                        own.Select(window =>
                            $"{window.SpentWords} of {window.Words} spent"
                            + (window.Passed >= 100 ? ", calls beyond the cap would have been refused" : "")
                        )
                    )
            );
            return;
        }
        var nearest = own.MaxBy(window => window.Passed);
        draft.Set(
            ConditionTypes.WithinBudget,
            "True",
            Reasons.WithinBudget,
            nearest is null ? "the shared budgets have money left"
                : nearest.Passed > 0 ? $"of {nearest.Words}, {nearest.Passed} % or more is spent"
                : $"of {nearest.Words} there is money left"
        );
        if (draft.Was(ConditionTypes.WithinBudget, "False"))
            draft.Note(
                false,
                Reasons.BudgetResumed,
                "the budget lets calls go again" + (nearest is null ? "" : $": cap {nearest.Words}, {nearest.SpentWords} spent")
            );
    }

    private static int Exhausted(StatusDraft draft, int declared, List<Refusal> refusals)
    {
        var effective = refusals.Min(refusal =>
            refusal.Window.Spec.OnExhausted is null or ExhaustedAction.ScaleDown
                ? Math.Min(declared, refusal.Window.Spec.ScaleDownTo ?? 0)
                : declared
        );
        // The message names the window that refuses longest, since that one decides when calls go again.
        var (path, _, window) = refusals
            .OrderByDescending(refusal => refusal.Window.NeedsPerson)
            .ThenByDescending(refusal => refusal.Window.Ends)
            .First();
        var consequence = effective < declared ? $"scaled from {declared} to {effective} pods" : "model calls are answered 402";
        var message =
            $"{path}: {window.SpentWords} of {window.Words} spent, the next call needs up to "
            + $"{Words(window.Limit?.ExhaustedBy, window.Terms)}; {consequence}{window.Until}";
        draft.Set(ConditionTypes.WithinBudget, "False", Reasons.BudgetExhausted, message);
        if (
            !draft.Before.Conditions.Any(condition =>
                condition is { Type: ConditionTypes.WithinBudget, Status: "False", Reason: Reasons.BudgetExhausted }
            )
        )
            draft.Note(true, Reasons.BudgetExhausted, message);
        if (window.NeedsPerson)
            draft.Stall(Phases.Exhausted, Reasons.BudgetExhausted, message);
        return effective;
    }

    private static string Words(Amount? call, LimitTerms terms) =>
        terms.MaxCost is null
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{call?.Tokens} tokens")
            : $"${call?.Cost.ToDisplay()}";

    // What the ledger would be if its writer took over what is declared now.
    private static void AddRefresh(AgentObservation seen, StatusDraft draft, AccountTerms terms)
    {
        if (
            seen.Funds.Ledger is not { } ledger
            || !LedgerStore.Same(
                ledger,
                Overruns.Acknowledge(LedgerLimits.Open(ledger, terms, seen.Now, ledger.Id ?? ""), terms.Acknowledged)
            )
        )
            draft.Writes.Add(new Write.RefreshLedger(AccountKey.Serving(seen.Namespace, seen.Name)));
    }

    // A raise or a write-off is told once, with who asked for it and why.
    private static void TellChanges(AgentObservation seen, StatusDraft draft, IWindowedBudget budget, IReadOnlyList<WindowReport> own)
    {
        foreach (var window in own)
        {
            var old = draft.Before.Budget.FirstOrDefault(row => row.Budget == window.Terms.Budget);
            var raise = budget.Raises.Find(raise => raise.Period == window.Spec.Period && seen.Now < raise.ExpiresAt.ToUniversalTime());
            if (raise is not null && old is not null && old.Cap != window.Terms.MaxCost?.ToString())
                draft.Note(
                    true,
                    Reasons.BudgetRaised,
                    $"{window.Words} until {raise.ExpiresAt.ToUniversalTime():yyyy-MM-dd'T'HH:mm'Z'}, asked for by {raise.RequestedBy}: "
                        + $"{raise.Reason}"
                );
            if (
                window.Limit is { WrittenOff: { } writtenOff } limit
                && old?.WrittenOff != writtenOff.ToString()
                && budget.WriteOffs.Find(one => one.Period == window.Spec.Period && one.Window == limit.Window) is { } writeOff
            )
            {
                draft.Note(
                    true,
                    Reasons.UnprovenWrittenOff,
                    $"{writtenOff} of the unproven spend of {limit.Window} does not count, says {writeOff.RequestedBy}: {writeOff.Reason}"
                );
            }
        }
    }

    /// <summary>Shows the overruns that nobody has acknowledged, and tells of each that comes and goes.</summary>
    private static void Told(AgentObservation seen, StatusDraft draft)
    {
        var acknowledged = seen.Agent.Spec.Budget?.AcknowledgedOverruns ?? [];
        var overruns = (seen.Funds.Ledger?.Overruns ?? [])
            .Where(overrun => !Overruns.IsAcknowledged(overrun.Rule, overrun.At, acknowledged))
            .ToList();
        foreach (
            var overrun in overruns.Where(overrun => !draft.Before.Overruns.Any(old => old.Rule == overrun.Rule && old.At == overrun.At))
        )
        {
            draft.Note(
                true,
                Reasons.Overrun,
                $"a call of model {overrun.Model} cost ${overrun.Cost.ToDisplay()}, with ${overrun.Reserved.ToDisplay()} reserved: "
                    + $"{overrun.Why}; "
                    + $"models of price rule {overrun.Rule} are refused until spec.budget.acknowledgedOverruns names it"
            );
        }
        foreach (var old in draft.Before.Overruns.Where(old => !overruns.Exists(overrun => overrun.Rule == old.Rule)))
            draft.Note(
                false,
                Reasons.OverrunAcknowledged,
                $"models of price rule {old.Rule} are let go again: "
                    + $"{acknowledged.Find(one => one.Rule == old.Rule)?.Reason ?? "its account is new"}"
            );
        draft.Status = draft.Status with { Overruns = overruns };
    }
}
