using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on an eval that an agent must pass.</summary>
internal static class EvalRequirementRules
{
    public static void Check(EvalRequirement eval, string field, FindingList findings)
    {
        if (string.IsNullOrEmpty(eval.Suite.Name))
            findings.Add(EvalChecks.SuiteNamed, $"{field}.suite.name", "must name an EvalSuite");
        if (!FieldValues.Score(eval.MinScore, out var score) || score is < 0 or > 1)
            findings.Add(
                EvalChecks.MinScore,
                $"{field}.minScore",
                $"\"{eval.MinScore}\" must be a decimal string from \"0\" to \"1\", for example \"0.90\""
            );
        if (eval.Confidence is { } confidence && (!FieldValues.Score(confidence, out var level) || level is < 0.5m or >= 1))
            findings.Add(
                EvalChecks.Confidence,
                $"{field}.confidence",
                $"\"{confidence}\" must be a decimal string from \"0.5\" up to but without \"1\", for example \"0.95\""
            );
        if (eval.MinCases is < 1)
            findings.Add(EvalChecks.MinCases, $"{field}.minCases", "must be at least 1");
        if (eval.MaxRegression is { } drop && (!FieldValues.Score(drop, out var most) || most is < 0 or > 1))
            findings.Add(
                EvalChecks.MaxRegression,
                $"{field}.maxRegression",
                $"\"{drop}\" must be a decimal string from \"0\" to \"1\", for example \"0.02\""
            );
        if (
            eval.Repeats is { } repeats
            && !((repeats.Min ?? 1) is >= 1 and <= 20 && (repeats.Max ?? 1) is >= 1 and <= 20 && (repeats.Min ?? 1) <= (repeats.Max ?? 1))
        )
            findings.Add(EvalChecks.Repeats, $"{field}.repeats", "min and max must be from 1 to 20, and min not above max");
        if (
            FieldValues.Duration(eval.ReevaluateEvery, EvalChecks.Reevaluation, $"{field}.reevaluateEvery", findings) is { } every
            && every < TimeSpan.FromMinutes(1)
        )
            findings.Add(EvalChecks.Reevaluation, $"{field}.reevaluateEvery", "must be at least 1m");
        FieldValues.Amount(eval.MaxCost, EvalChecks.MaxCost, $"{field}.maxCost", findings);
        if (
            FieldValues.Duration(eval.Deadline, EvalChecks.Deadline, $"{field}.deadline", findings) is { } deadline
            && deadline < TimeSpan.FromSeconds(1)
        )
            findings.Add(EvalChecks.Deadline, $"{field}.deadline", "must be at least 1s");
    }
}
