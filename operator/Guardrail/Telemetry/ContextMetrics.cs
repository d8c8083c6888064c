using AgentReadiness.Guardrail.Admission;
using Prometheus;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>Metrics of context windows, where guardrails.context is declared.</summary>
internal sealed class ContextMetrics(MetricFactory factory)
{
    private readonly Counter checks = factory.CreateCounter(
        "agentreadiness_context_checks_total",
        "Model requests that were held against the context window of their model, where guardrails.context is declared.",
        "upstream",
        "verdict"
    );
    private readonly Counter lost = factory.CreateCounter(
        "agentreadiness_system_prompts_lost_total",
        "Model requests of which the system prompt of their run is gone.",
        "upstream"
    );
    private readonly Histogram used = factory.CreateHistogram(
        "agentreadiness_context_used_ratio",
        "Input tokens of a model call, as the provider counted them, by the tokens of the model's context window.",
        new HistogramConfiguration { LabelNames = ["upstream"], Buckets = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1] }
    );

    /// <summary>A request was held against its window.</summary>
    public void Looked(string upstream, ContextFinding found)
    {
        checks.WithLabels(upstream, found.Window.ToString()).Inc();
        if (found.IsPromptLost)
            lost.WithLabels(upstream).Inc();
    }

    /// <summary>A call took a share of its window.</summary>
    public void Used(string upstream, double share) => used.WithLabels(upstream).Observe(share);
}
