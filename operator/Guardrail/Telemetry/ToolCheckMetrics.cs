using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Schemas;
using Prometheus;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>Metrics of what is known about calls of tools. No label is what a model or an agent wrote.</summary>
internal sealed class ToolCheckMetrics(MetricFactory factory)
{
    private readonly Counter checks = factory.CreateCounter(
        "agentreadiness_tool_checks_total",
        "Calls of tools that were held against their schemas, where guardrails.tools.schemaCheck is declared.",
        "upstream",
        "by",
        "verdict"
    );
    private readonly Counter changes = factory.CreateCounter(
        "agentreadiness_tool_changes_total",
        "Definitions of tools that are not what this pod saw first, where guardrails.tools.onToolChange is declared.",
        "upstream"
    );
    private readonly Counter offPath = factory.CreateCounter(
        "agentreadiness_off_path_tool_calls_total",
        "Results of tools with side effects whose call did not come through the guardrail."
    );

    /// <summary>A call was held against its schema.</summary>
    public void Checked(string upstream, ToolCaller by, ToolVerdict verdict) =>
        checks.WithLabels(upstream, by.ToString(), verdict.ToString()).Inc();

    /// <summary>A server changed a tool.</summary>
    public void Changed(string upstream) => changes.WithLabels(upstream).Inc();

    /// <summary>A tool was called without the guardrail.</summary>
    public void OffPath() => offPath.Inc();
}
