using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Budgets;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What the budget means for an agent: how many pods it gets, and what its status says. Pure.</summary>
internal static class BudgetDecision
{
    /// <summary>The least time between two writes of the spend where no threshold was passed.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(5);

    private static readonly IReadOnlyList<int> DefaultAlerts = [50, 80, 95];

    /// <summary>Fills the budget's part of the status and returns the pods that the agent may have.</summary>
    public static int Decide(AgentObservation seen, StatusDraft draft)
    {
        var declared = seen.Agent.Spec.Replicas ?? Defaults.Replicas;
        if (BudgetWindows.Serving(seen.Agent.Spec, seen.Now) is not { Cap: { } cap } window)
        {
            draft.Status = draft.Status with { Budget = [], Overruns = [] };
            draft.Set(ConditionTypes.WithinBudget, "True", Reasons.NoBudget, "no window is declared: the agent's spend over time is counted and not limited");
            return declared;
        }
        var spec = seen.Agent.Spec.Budget!.Windows[0];
        var words = BudgetWindows.Words(spec.Period, cap);
        if (spec.Period != BudgetPeriod.Total)
            draft.LookAgainAt(window.Ends);
        var overruns = Told(seen, draft);
        if (seen.Ledger is not { } ledger || ledger.Window != window.Name || ledger.Cap != cap || ledger.Overruns.Count != overruns.Count)
            draft.Writes.Add(new Write.RefreshLedger(AccountKey.Serving(seen.Namespace, seen.Name)));

        var current = seen.Ledger is { } account && account.Window == window.Name ? account : new BudgetLedgerStatus { Window = window.Name, Cap = cap };
        if (window.Observe)
            current = current with { Exhausted = false };
        // An observed cap ends in nothing else that would be told.
        IReadOnlyList<int> alerts = window.Observe ? [.. spec.AlertAt ?? DefaultAlerts, 100] : spec.AlertAt ?? DefaultAlerts;
        var status = Status(spec.Period, current, cap, window, alerts, draft.Before, seen.Now);
        var passed = Passed(status, alerts);
        // That it is spent says more.
        if (current.Exhausted != true && passed > (draft.Before.Budget is [var old, ..] && IsSame(old, status) ? Passed(old, alerts) : 0))
            draft.Note(true, Reasons.BudgetAlert, $"${status.Spent} of {words} spent: {passed} % or more{Until(spec.Period, window)}");
        draft.Status = draft.Status with { Budget = [status] };

        if (window.Observe)
        {
            draft.Set(ConditionTypes.WithinBudget, "True", Reasons.Observing, $"spec.budget.mode is Observe: ${status.Spent} of {words} spent"
                + (passed >= 100 ? ", calls beyond the cap would have been refused" : ""));
            return declared;
        }
        if (current.Exhausted != true)
        {
            draft.Set(ConditionTypes.WithinBudget, "True", Reasons.WithinBudget, passed > 0 ? $"of {words}, {passed} % or more is spent" : $"of {words} there is money left");
            if (draft.Was(ConditionTypes.WithinBudget, "False"))
                draft.Note(false, Reasons.BudgetResumed, $"the budget lets calls go again: cap {words}, ${LedgerRules.Spent(current).ToDisplay()} spent");
            return declared;
        }

        var action = spec.OnExhausted ?? ExhaustedAction.ScaleDown;
        var effective = action == ExhaustedAction.ScaleDown ? Math.Min(declared, spec.ScaleDownTo ?? 0) : declared;
        var consequence = action == ExhaustedAction.ScaleDown ? $"scaled from {declared} to {effective} pods" : "model calls are answered 402";
        var message = $"spec.budget.windows[0]: ${LedgerRules.Spent(current).ToDisplay()} of {words} spent, the next call needs up to ${current.ExhaustedBy?.ToDisplay()}; "
            + consequence + (spec.Period == BudgetPeriod.Total ? " until the cap is raised" : $" until {window.Ends:yyyy-MM-dd'T'HH:mm'Z'} or until the cap is raised");
        draft.Set(ConditionTypes.WithinBudget, "False", Reasons.BudgetExhausted, message);
        if (!draft.Was(ConditionTypes.WithinBudget, "False"))
            draft.Note(true, Reasons.BudgetExhausted, message);
        return effective;
    }

    /// <summary>Shows the overruns that nobody has acknowledged, and tells of each that comes and goes.</summary>
    private static List<LedgerOverrun> Told(AgentObservation seen, StatusDraft draft)
    {
        var acknowledged = seen.Agent.Spec.Budget?.AcknowledgedOverruns ?? [];
        var overruns = (seen.Ledger?.Overruns ?? []).Where(overrun => !Overruns.IsAcknowledged(overrun.Rule, overrun.At, acknowledged)).ToList();
        foreach (var overrun in overruns.Where(overrun => !draft.Before.Overruns.Any(old => old.Rule == overrun.Rule && old.At == overrun.At)))
        {
            draft.Note(true, Reasons.Overrun, $"a call of model {overrun.Model} cost ${overrun.Cost.ToDisplay()}, with ${overrun.Reserved.ToDisplay()} reserved: {overrun.Why}; "
                + $"models of price rule {overrun.Rule} are refused until spec.budget.acknowledgedOverruns names it");
        }
        foreach (var old in draft.Before.Overruns.Where(old => !overruns.Exists(overrun => overrun.Rule == old.Rule)))
            draft.Note(false, Reasons.OverrunAcknowledged, $"models of price rule {old.Rule} are let go again: {acknowledged.Find(one => one.Rule == old.Rule)?.Reason ?? "its account is new"}");
        draft.Status = draft.Status with { Overruns = overruns };
        return overruns;
    }

    // Spend changes with every call, the status must not: it is written when a threshold is passed, else every five minutes.
    private static BudgetWindowStatus Status(BudgetPeriod period, BudgetLedgerStatus ledger, Money cap, OpenWindow window, IReadOnlyList<int> alerts, AgentDeploymentStatus before, DateTimeOffset now)
    {
        var fresh = new BudgetWindowStatus
        {
            Period = period,
            Spent = LedgerRules.Spent(ledger).ToDisplay(),
            Unproven = (ledger.Unproven ?? Money.Zero).ToDisplay(),
            Cap = cap.ToString(),
            Ends = window.Ends.UtcDateTime,
            AsOf = StatusDraft.Seconds(now),
            Exhausted = ledger.Exhausted == true,
        };
        if (before.Budget is not [var old, ..] || !IsSame(old, fresh) || old.Exhausted != fresh.Exhausted)
            return fresh;
        var settledDown = ledger.Exhausted == true && old.Spent != fresh.Spent;
        return settledDown || Passed(old, alerts) != Passed(fresh, alerts) || (now.UtcDateTime - old.AsOf >= Refresh && (old.Spent != fresh.Spent || old.Unproven != fresh.Unproven))
            ? fresh
            : old;
    }

    private static bool IsSame(BudgetWindowStatus old, BudgetWindowStatus fresh) => old.Period == fresh.Period && old.Ends == fresh.Ends && old.Cap == fresh.Cap;

    private static string Until(BudgetPeriod period, OpenWindow window) => period == BudgetPeriod.Total ? "" : $"; the window ends {window.Ends:yyyy-MM-dd'T'HH:mm'Z'}";

    /// <summary>The highest alert that is passed, percent; 0 for none.</summary>
    private static int Passed(BudgetWindowStatus status, IReadOnlyList<int> alerts) =>
        Money.TryParse(status.Cap, out var cap) && Money.TryParse(status.Spent, out var spent) && cap > Money.Zero
            ? alerts.Where(threshold => spent.Amount * 100m >= cap.Amount * threshold).DefaultIfEmpty().Max()
            : 0;
}
