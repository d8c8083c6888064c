using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on an agent's own budget: its windows, and its limits per call, run and pod.</summary>
internal static class AgentBudgetRules
{
    public static void Check(BudgetSpec? budget, FindingList findings)
    {
        if (budget is null)
            return;
        if (
            budget.Windows.Count == 0
            && budget.SharedBudgets.Count == 0
            && budget.PerCall is null
            && budget.PerRun is null
            && budget.PerPod is null
            && budget.Attribution.Count == 0
        )
            findings.Add(
                CostChecks.EmptyBudget,
                "spec.budget",
                "must have windows, sharedBudgets, perCall, perRun, perPod or attribution: an empty budget does nothing"
            );
        for (var i = 0; i < budget.AcknowledgedOverruns.Count; i++)
        {
            var acknowledged = budget.AcknowledgedOverruns[i];
            if (acknowledged.Rule.Length == 0 || acknowledged.Reason.Length == 0 || acknowledged.Before == default)
                findings.Add(
                    CostChecks.AcknowledgedOverrun,
                    $"spec.budget.acknowledgedOverruns[{i}]",
                    "must have rule (as status.overruns names it), before (a time) and reason"
                );
        }
        FieldValues.Amount(budget.PerCall?.MaxCost, CostChecks.CallCap, "spec.budget.perCall.maxCost", findings);
        CheckPerRun(budget.PerRun, findings);
        if (budget.PerPod?.RequestsPerMinute is < 1 or > 1_000_000)
            findings.Add(CostChecks.RateLimit, "spec.budget.perPod.requestsPerMinute", "must be from 1 to 1000000");
        if (budget.PerPod?.TokensPerMinute is < 1 or > 1_000_000_000)
            findings.Add(CostChecks.RateLimit, "spec.budget.perPod.tokensPerMinute", "must be from 1 to 1000000000");
        BudgetRules.CheckAttribution(budget.Attribution, "spec.budget.attribution", findings);
        foreach (var name in budget.ClientAttribution.Where(name => !budget.Attribution.Contains(name)))
            findings.Add(
                ObservabilityChecks.Attribution,
                "spec.budget.clientAttribution",
                $"\"{name}\" must be one of spec.budget.attribution: clients name nothing that spend is not told apart by"
            );
        BudgetRules.CheckWindows(budget, "spec.budget", findings);
    }

    private static void CheckPerRun(PerRunSpec? run, FindingList findings)
    {
        if (run is null)
            return;
        FieldValues.Amount(run.MaxCost, CostChecks.RunCap, "spec.budget.perRun.maxCost", findings);
        if (run.MaxTokens is < 1 or > 1_000_000_000)
            findings.Add(CostChecks.RunCap, "spec.budget.perRun.maxTokens", "must be from 1 to 1000000000");
        if (run.MaxSteps is < 1 or > 100_000)
            findings.Add(ReliabilityChecks.RunBounds, "spec.budget.perRun.maxSteps", "must be from 1 to 100000");
        if (run.MaxToolCalls is < 1 or > 100_000)
            findings.Add(ReliabilityChecks.RunBounds, "spec.budget.perRun.maxToolCalls", "must be from 1 to 100000");
        if (run.MaxRepeats is < 1 or > 1000)
            findings.Add(ReliabilityChecks.RunBounds, "spec.budget.perRun.maxRepeats", "must be from 1 to 1000");
        if (
            FieldValues.Duration(run.MaxDuration, ReliabilityChecks.RunBounds, "spec.budget.perRun.maxDuration", findings) is { } longest
            && longest < TimeSpan.FromSeconds(1)
        )
            findings.Add(ReliabilityChecks.RunBounds, "spec.budget.perRun.maxDuration", "must be at least 1s");
    }
}
