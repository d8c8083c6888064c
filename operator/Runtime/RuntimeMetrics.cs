using Prometheus;

namespace AgentReadiness.Runtime;

/// <summary>controller-runtime's metric names, so that dashboards made for Go operators show this one.</summary>
internal static class RuntimeMetrics
{
    public static readonly Counter ApiRequests = Metrics.CreateCounter("rest_client_requests_total", "Requests to the API server.", "code", "method", "host");

    public static readonly Counter Reconciles = Metrics.CreateCounter("controller_runtime_reconcile_total", "Reconciliations by result.", "controller", "result");

    public static readonly Counter ReconcileErrors = Metrics.CreateCounter("controller_runtime_reconcile_errors_total", "Failed reconciliations.", "controller");

    public static readonly Histogram ReconcileTime = Metrics.CreateHistogram("controller_runtime_reconcile_time_seconds", "Length of a reconciliation.",
        ["controller"], new HistogramConfiguration { Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });

    public static readonly Gauge ActiveWorkers = Metrics.CreateGauge("controller_runtime_active_workers", "Workers at work.", "controller");

    public static readonly Gauge QueueDepth = Metrics.CreateGauge("workqueue_depth", "Keys that wait.", "name");

    public static readonly Counter QueueAdds = Metrics.CreateCounter("workqueue_adds_total", "Keys added.", "name");

    public static readonly Counter QueueRetries = Metrics.CreateCounter("workqueue_retries_total", "Keys added again after a failure.", "name");

    public static readonly Gauge Leader = Metrics.CreateGauge("leader_election_master_status", "1 while this process leads.", "name");

    public static readonly Counter WatchRestarts = Metrics.CreateCounter("agent_readiness_watch_restarts_total", "Watches opened again, by cause.", "resource", "cause");
}
