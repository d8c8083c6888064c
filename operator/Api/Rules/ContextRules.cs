using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on context windows.</summary>
internal static class ContextRules
{
    private const string Field = "spec.guardrails.context";

    public static void Check(GuardrailsSpec guardrails, FindingList findings)
    {
        if (guardrails.Context is not { } context)
            return;
        if (!(context.OnOverflow is { } mode && Enum.IsDefined(mode)))
            findings.Add(FailureModeChecks.Context, Field + ".onOverflow", "must be Flag or Refuse");
        if (context.ReservePercent is < 0 or > 50)
            findings.Add(FailureModeChecks.Context, Field + ".reservePercent", "must be from 0 to 50");
        if (context.FailMode is { } fail && (!Enum.IsDefined(fail) || context.OnOverflow != OverflowMode.Refuse))
            findings.Add(FailureModeChecks.Context, Field + ".failMode", "must be Open or Closed, and needs onOverflow: Refuse");
        if (!guardrails.Upstreams.Exists(upstream => upstream.Format is not (UpstreamFormat.MCP or UpstreamFormat.HTTP)))
            findings.Add(FailureModeChecks.Context, Field, "needs the model's provider in upstreams: without it no request is seen");
    }
}
