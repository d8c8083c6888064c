using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on caps per window, as an agent has them and a shared budget. Pure; nothing throws.</summary>
public static class BudgetRules
{
    private const long MostTokens = 1_000_000_000_000;

    /// <summary>The rules that a shared budget breaks; empty when it is sound.</summary>
    public static IReadOnlyList<Finding> Check(AgentBudget budget)
    {
        var findings = new FindingList();
        if (budget.Spec.Windows.Count == 0)
            findings.Add(CostChecks.SharedWindows, "spec.windows", "must list at least one window: without any it limits nothing");
        if (budget.Spec.Evaluations is { MaxPercent: < 1 or > 100 })
            findings.Add(
                CostChecks.EvaluationShare,
                "spec.evaluations.maxPercent",
                "must be from 1 to 100: the share of each window that evaluations may use. Leave spec.evaluations out to set none apart"
            );
        CheckWindows(budget.Spec, "spec", findings);
        return findings;
    }

    /// <summary>Checks windows, raises and write-offs.</summary>
    /// <param name="budget">The budget that declares them.</param>
    /// <param name="path">The field that they are in, for example "spec.budget".</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void CheckWindows(IWindowedBudget budget, string path, FindingList findings)
    {
        if (!TimeZones.TryFind(budget.TimeZone, out _))
            findings.Add(
                CostChecks.TimeZone,
                $"{path}.timeZone",
                $"\"{budget.TimeZone}\" must be a time zone by its IANA name, as the operator's database ({TimeZones.DatabaseVersion}) "
                    + $"spells it, for example \"Europe/Berlin\" or \"UTC\""
            );
        for (var i = 0; i < budget.Windows.Count; i++)
            CheckWindow(budget.Windows[i], $"{path}.windows[{i}]", findings);
        foreach (var twice in budget.Windows.GroupBy(window => window.Period).Where(group => group.Skip(1).Any()))
            findings.Add(CostChecks.WindowPeriods, $"{path}.windows", $"must list each period once: {twice.Key} is there twice");
        for (var i = 0; i < budget.Raises.Count; i++)
            CheckRaise(budget.Raises[i], budget, $"{path}.raises[{i}]", findings);
        for (var i = 0; i < budget.WriteOffs.Count; i++)
        {
            var writeOff = budget.WriteOffs[i];
            if (writeOff.Window.Length == 0 || writeOff.Reason.Length == 0 || writeOff.RequestedBy.Length == 0)
                findings.Add(
                    CostChecks.WriteOff,
                    $"{path}.writeOffs[{i}]",
                    "must have window (as the status names it), reason and requestedBy"
                );
            FieldValues.Amount(writeOff.MaxCost, CostChecks.WriteOff, $"{path}.writeOffs[{i}].maxCost", findings);
        }
    }

    /// <summary>Checks the names of tags.</summary>
    /// <param name="names">The names.</param>
    /// <param name="path">The field that they are in.</param>
    /// <param name="findings">Takes what is found.</param>
    internal static void CheckAttribution(IReadOnlyList<string> names, string path, FindingList findings)
    {
        if (names.Count > Attribution.MaxTags)
            findings.Add(ObservabilityChecks.Attribution, path, $"must list at most {Attribution.MaxTags} names");
        for (var i = 0; i < names.Count; i++)
        {
            if (Attribution.Taken.Contains(names[i]))
                findings.Add(
                    ObservabilityChecks.Attribution,
                    $"{path}[{i}]",
                    $"\"{names[i]}\" is taken: spend is told by {string.Join(", ", Attribution.Taken)} in any case"
                );
            else if (!Attribution.IsName(names[i]))
                findings.Add(
                    ObservabilityChecks.Attribution,
                    $"{path}[{i}]",
                    $"\"{names[i]}\" must be a lower-case letter and at most 31 more of a-z, 0-9, \"_\", \".\" and \"-\", for example "
                        + $"\"feature\""
                );
            if (names.Take(i).Contains(names[i]))
                findings.Add(ObservabilityChecks.Attribution, $"{path}[{i}]", $"\"{names[i]}\" is there twice");
        }
    }

    private static void CheckWindow(BudgetWindow window, string field, FindingList findings)
    {
        if (string.IsNullOrEmpty(window.MaxCost) && window.MaxTokens is null)
            findings.Add(CostChecks.WindowCap, field, "must have maxCost, for example \"50\", or maxTokens, or both");
        FieldValues.Amount(window.MaxCost, CostChecks.WindowCap, $"{field}.maxCost", findings);
        if (window.MaxTokens is < 1 or > MostTokens)
            findings.Add(CostChecks.WindowCap, $"{field}.maxTokens", $"must be from 1 to {MostTokens}");
        if (
            window.AlertAt is { } alerts
            && (alerts.Count > 8 || alerts.Any(at => at is < 1 or > 100) || !alerts.SequenceEqual(alerts.Distinct().Order()))
        )
            findings.Add(
                CostChecks.Alerts,
                $"{field}.alertAt",
                "must list at most 8 percentages from 1 to 100, ascending, for example [50, 80, 95]"
            );
        if (window.ScaleDownTo is < 0 or > 1000)
            findings.Add(CostChecks.ScaleDown, $"{field}.scaleDownTo", "must be from 0 to 1000");
    }

    private static void CheckRaise(BudgetRaise raise, IWindowedBudget budget, string field, FindingList findings)
    {
        if (raise.Reason.Length == 0 || raise.RequestedBy.Length == 0 || raise.ExpiresAt == default)
            findings.Add(CostChecks.Raise, field, "must have reason, requestedBy and expiresAt");
        if (string.IsNullOrEmpty(raise.MaxCost) && raise.MaxTokens is null)
            findings.Add(CostChecks.Raise, field, "must have maxCost or maxTokens: what the cap is meanwhile");
        FieldValues.Amount(raise.MaxCost, CostChecks.Raise, $"{field}.maxCost", findings);
        if (raise.MaxTokens is < 1 or > MostTokens)
            findings.Add(CostChecks.Raise, $"{field}.maxTokens", $"must be from 1 to {MostTokens}");
        if (!budget.Windows.Exists(window => window.Period == raise.Period))
            findings.Add(
                CostChecks.Raise,
                $"{field}.period",
                $"no window of period {raise.Period} is declared: a raise needs a cap to raise"
            );
    }
}
