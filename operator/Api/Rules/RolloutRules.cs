using System.Text.RegularExpressions;
using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on how a revision reaches production.</summary>
internal static partial class RolloutRules
{
    public static void Check(RolloutSpec? rollout, FindingList findings)
    {
        if (rollout is null)
            return;
        if (rollout.CandidateReplicas is < 1 or > 20)
            findings.Add(RolloutChecks.Bounds, "spec.rollout.candidateReplicas", "must be from 1 to 20");
        if (rollout.HistoryLimit is < 0 or > 20)
            findings.Add(RolloutChecks.Bounds, "spec.rollout.historyLimit", "must be from 0 to 20");
        FieldValues.Duration(rollout.Drain, RolloutChecks.Times, "spec.rollout.drain", findings);
        FieldValues.Duration(rollout.RollbackWindow, RolloutChecks.Times, "spec.rollout.rollbackWindow", findings);
        if (
            FieldValues.Duration(rollout.ApprovalTimeout, RolloutChecks.Times, "spec.rollout.approvalTimeout", findings) is { } wait
            && wait < TimeSpan.FromSeconds(1)
        )
            findings.Add(RolloutChecks.Times, "spec.rollout.approvalTimeout", "must be at least 1s");
        CheckSteps(rollout, findings);
        if (rollout.Decision is { } decision)
        {
            if (!RevisionName().IsMatch(decision.Revision))
                findings.Add(
                    RolloutChecks.Decision,
                    "spec.rollout.decision.revision",
                    $"\"{decision.Revision}\" must be a revision as `kubectl agents revision` prints it: {Revisions.Revision.Length} hex "
                        + $"digits"
                );
            if (decision.Attempt is < 1 or > 90)
                findings.Add(RolloutChecks.Decision, "spec.rollout.decision.attempt", "must be from 1 to 90");
        }
        if (
            FieldValues.Duration(rollout.ProgressDeadline, RolloutChecks.Times, "spec.rollout.progressDeadline", findings) is { } deadline
            && deadline < TimeSpan.FromSeconds(10)
        )
            findings.Add(RolloutChecks.Times, "spec.rollout.progressDeadline", "must be at least 10s");
    }

    public static void CheckDisruption(DisruptionSpec? disruption, FindingList findings)
    {
        if (disruption is not null && !MaxUnavailable().IsMatch(disruption.MaxUnavailable))
            findings.Add(
                RolloutChecks.Disruption,
                "spec.podDisruptionBudget.maxUnavailable",
                $"\"{disruption.MaxUnavailable}\" must be a number or a percentage, for example \"1\" or \"25%\""
            );
    }

    private static void CheckSteps(RolloutSpec rollout, FindingList findings)
    {
        var canary = rollout.Strategy == RolloutStrategy.Canary;
        if (canary && rollout.Steps.Count is 0 or > 20)
            findings.Add(RolloutChecks.CanarySteps, "spec.rollout.steps", "must list one to twenty steps where the strategy is Canary");
        if (!canary && rollout.Steps.Count > 0)
            findings.Add(RolloutChecks.CanarySteps, "spec.rollout.steps", "needs spec.rollout.strategy: Canary");
        for (var i = 0; i < rollout.Steps.Count; i++)
        {
            if (rollout.Steps[i].Percent is < 1 or > 99)
                findings.Add(
                    RolloutChecks.CanarySteps,
                    $"spec.rollout.steps[{i}].percent",
                    "must be from 1 to 99; all traffic follows after the last step"
                );
            else if (i > 0 && rollout.Steps[i].Percent < rollout.Steps[i - 1].Percent)
                findings.Add(RolloutChecks.CanarySteps, $"spec.rollout.steps[{i}].percent", "must not be less than in the step before");
            if (string.IsNullOrEmpty(rollout.Steps[i].Hold))
                findings.Add(RolloutChecks.CanarySteps, $"spec.rollout.steps[{i}].hold", "must be set, for example \"10m\"");
            else
                FieldValues.Duration(rollout.Steps[i].Hold, RolloutChecks.CanarySteps, $"spec.rollout.steps[{i}].hold", findings);
        }
    }

    [GeneratedRegex("^[0-9a-f]{15}$")]
    private static partial Regex RevisionName();

    [GeneratedRegex("^([0-9]{1,4}|[0-9]{1,2}%|100%)$")]
    private static partial Regex MaxUnavailable();
}
