using AgentReadiness.Api.Resources;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>The rules on checks of calls of tools.</summary>
internal static class ToolSchemaRules
{
    private const string Field = "spec.guardrails.tools";

    public static void Check(GuardrailsSpec guardrails, FindingList findings)
    {
        if (guardrails.Tools is not { } tools)
            return;
        if (tools.SchemaCheck is { } check && !Enum.IsDefined(check))
            findings.Add(FailureModeChecks.ToolSchemas, Field + ".schemaCheck", "must be Observe, Mark or Enforce");
        if (tools.SchemaFailMode is { } fail && (!Enum.IsDefined(fail) || tools.SchemaCheck != SchemaCheckMode.Enforce))
            findings.Add(
                FailureModeChecks.ToolSchemas,
                Field + ".schemaFailMode",
                "must be Open or Closed, and needs schemaCheck: Enforce"
            );
        // A plain HTTP tool publishes no schema: who declares a check must not think that there is one.
        if (tools.SchemaCheck is not null && guardrails.Upstreams.TrueForAll(upstream => upstream.Format == UpstreamFormat.HTTP))
            findings.Add(
                FailureModeChecks.ToolSchemas,
                Field + ".schemaCheck",
                "needs an upstream of a model or of format MCP: no other one has schemas"
            );
        if (tools.OnToolChange is { } change && !Enum.IsDefined(change))
            findings.Add(FailureModeChecks.ToolChanges, Field + ".onToolChange", "must be Observe or Enforce");
        if (tools.OnToolChange is not null && !guardrails.Upstreams.Exists(upstream => upstream.Format == UpstreamFormat.MCP))
            findings.Add(
                FailureModeChecks.ToolChanges,
                Field + ".onToolChange",
                "needs an upstream of format MCP: only such a server lists its tools"
            );
    }
}
