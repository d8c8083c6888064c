using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rule on screening.</summary>
internal static class ScreeningRules
{
    public static void Check(ScreeningSpec? screening, FindingList findings)
    {
        if (screening is not null && !(screening.Mode is { } mode && Enum.IsDefined(mode)))
            findings.Add(ScreeningChecks.Mode, "spec.guardrails.screening.mode", "must be Flag, Mark or Block");
    }
}
