using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on screening.</summary>
internal static class ScreeningRules
{
    private const string Field = "spec.guardrails.screening";

    public static void Check(GuardrailsSpec guardrails, FindingList findings)
    {
        if (guardrails.Screening is not { } screening)
            return;
        if (!(screening.Mode is { } mode && Enum.IsDefined(mode)))
            findings.Add(ScreeningChecks.Screening, Field + ".mode", "must be Flag, Mark or Block");
        if (guardrails.Upstreams.Count == 0)
            findings.Add(ScreeningChecks.Screening, Field, "needs upstreams: without them nothing crosses the guardrail");
    }
}
