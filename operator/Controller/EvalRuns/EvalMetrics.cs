using AgentReadiness.Api.Resources;
using AgentReadiness.Evals;
using Prometheus;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>Metrics of evals. Labels name kinds and verdicts, never objects: the history of one agent's scores is in its status.</summary>
internal static class EvalMetrics
{
    private static readonly Counter Verdicts = Metrics.CreateCounter(
        "agentreadiness_eval_verdicts_total",
        "Runs that ended.",
        "purpose",
        "kind",
        "verdict"
    );

    private static readonly Histogram Scores = Metrics.CreateHistogram(
        "agentreadiness_eval_score",
        "Mean scores of the runs that were measured.",
        ["purpose"],
        new HistogramConfiguration { Buckets = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1] }
    );

    /// <summary>Runs by state.</summary>
    public static readonly Gauge Queue = Metrics.CreateGauge(
        "agentreadiness_eval_runs",
        "Runs that wait for a place, and runs at work.",
        "state"
    );

    public static void Ended(EvalRun run, VerdictResult verdict)
    {
        var purpose = (run.Spec.Purpose ?? EvalPurpose.Gate).ToString();
        Verdicts.WithLabels(purpose, (run.Spec.Kind ?? EvalKind.Builtin).ToString(), verdict.Phase.ToString()).Inc();
        if (verdict.Score is { } score)
            Scores.WithLabels(purpose).Observe(score);
    }
}
