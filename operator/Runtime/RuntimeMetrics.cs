using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Prometheus;

namespace AgentReadiness.Runtime;

/// <summary>
/// controller-runtime's and client-go's metric names, so that dashboards made for Go operators show this one. Labels name
/// controllers, queues, verbs and servers, never objects. There is no terminal_reconcile_errors_total: no failure is terminal here.
/// </summary>
internal static class RuntimeMetrics
{
    /// <summary>The code of a request that got no answer; client-go's word.</summary>
    public const string NoAnswer = "<error>";

    private static readonly double[] RequestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
    private static readonly double[] QueueBuckets = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

    public static readonly Counter ApiRequests = Metrics.CreateCounter(
        "rest_client_requests_total",
        "Requests to the API server.",
        "code",
        "method",
        "host"
    );

    public static readonly Counter ApiRetries = Metrics.CreateCounter(
        "rest_client_request_retries_total",
        "Requests sent again.",
        "code",
        "verb",
        "host"
    );

    public static readonly Counter Undecodable = Metrics.CreateCounter(
        "agentreadiness_undecodable_objects_total",
        "Times that an object was seen that could not be read.",
        "resource"
    );

    public static readonly Histogram ApiRequestTime = Metrics.CreateHistogram(
        "rest_client_request_duration_seconds",
        "Time to an answer's headers.",
        ["verb", "host"],
        new HistogramConfiguration { Buckets = RequestBuckets }
    );

    public static readonly Counter Reconciles = Metrics.CreateCounter(
        "controller_runtime_reconcile_total",
        "Reconciliations by result.",
        "controller",
        "result"
    );

    public static readonly Counter ReconcileErrors = Metrics.CreateCounter(
        "controller_runtime_reconcile_errors_total",
        "Failed reconciliations.",
        "controller"
    );

    public static readonly Counter ReconcilePanics = Metrics.CreateCounter(
        "controller_runtime_reconcile_panics_total",
        "Reconciliations that ended in an exception that is neither the API server's nor the network's.",
        "controller"
    );

    public static readonly Histogram ReconcileTime = Metrics.CreateHistogram(
        "controller_runtime_reconcile_time_seconds",
        "Length of a reconciliation.",
        ["controller"],
        new HistogramConfiguration { Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] }
    );

    public static readonly Gauge MostWorkers = Metrics.CreateGauge(
        "controller_runtime_max_concurrent_reconciles",
        "Workers.",
        "controller"
    );

    public static readonly Gauge ActiveWorkers = Metrics.CreateGauge("controller_runtime_active_workers", "Workers at work.", "controller");

    public static readonly Gauge Leader = Metrics.CreateGauge("leader_election_master_status", "1 while this process leads.", "name");

    public static readonly Counter WatchRestarts = Metrics.CreateCounter(
        "agentreadiness_watch_restarts_total",
        "Watches opened again, by cause.",
        "resource",
        "cause"
    );

    private static readonly string[] OfQueue = ["name", "controller"];
    private static readonly Gauge Depth = Metrics.CreateGauge("workqueue_depth", "Keys that wait.", OfQueue);
    private static readonly Counter Adds = Metrics.CreateCounter("workqueue_adds_total", "Keys added.", OfQueue);
    private static readonly Counter Retries = Metrics.CreateCounter(
        "workqueue_retries_total",
        "Keys added again after a failure.",
        OfQueue
    );
    private static readonly Histogram QueueTime = Metrics.CreateHistogram(
        "workqueue_queue_duration_seconds",
        "Time that keys wait.",
        OfQueue,
        new HistogramConfiguration { Buckets = QueueBuckets }
    );
    private static readonly Histogram WorkTime = Metrics.CreateHistogram(
        "workqueue_work_duration_seconds",
        "Time that keys are worked on.",
        OfQueue,
        new HistogramConfiguration { Buckets = QueueBuckets }
    );
    private static readonly Gauge Unfinished = Metrics.CreateGauge(
        "workqueue_unfinished_work_seconds",
        "Seconds of work in progress, over all workers.",
        OfQueue
    );
    private static readonly Gauge Longest = Metrics.CreateGauge(
        "workqueue_longest_running_processor_seconds",
        "Seconds that the longest running worker is at its key.",
        OfQueue
    );
    private static readonly ConcurrentDictionary<QueueMetrics, Func<IReadOnlyList<TimeSpan>>> Queues = new();

    static RuntimeMetrics() =>
        Metrics.DefaultRegistry.AddBeforeCollectCallback(() =>
        {
            foreach (var (queue, running) in Queues)
                queue.Running(running());
        });

    public static string Code(HttpStatusCode status) => ((int)status).ToString(CultureInfo.InvariantCulture);

    public static string Code(Exception exception) => exception is KubernetesApiException refused ? Code(refused.StatusCode) : NoAnswer;

    /// <summary>
    /// The metrics of one queue, until disposed; <paramref name="running"/> is asked at each scrape for the ages of the work in progress.
    /// </summary>
    public static QueueMetrics Queue(string name, Func<IReadOnlyList<TimeSpan>> running)
    {
        var queue = new QueueMetrics(name);
        Queues[queue] = running;
        return queue;
    }

    /// <summary>One queue's children of the metrics of queues.</summary>
    internal sealed class QueueMetrics(string name) : IDisposable
    {
        private readonly Gauge.Child unfinished = Unfinished.WithLabels(name, name);
        private readonly Gauge.Child longest = Longest.WithLabels(name, name);

        public Gauge.Child Depth { get; } = RuntimeMetrics.Depth.WithLabels(name, name);

        public Counter.Child Adds { get; } = RuntimeMetrics.Adds.WithLabels(name, name);

        public Counter.Child Retries { get; } = RuntimeMetrics.Retries.WithLabels(name, name);

        public Histogram.Child QueueTime { get; } = RuntimeMetrics.QueueTime.WithLabels(name, name);

        public Histogram.Child WorkTime { get; } = RuntimeMetrics.WorkTime.WithLabels(name, name);

        public void Running(IReadOnlyList<TimeSpan> ages)
        {
            unfinished.Set(ages.Sum(age => age.TotalSeconds));
            longest.Set(ages.Select(age => age.TotalSeconds).DefaultIfEmpty().Max());
        }

        public void Dispose() => Queues.TryRemove(this, out _);
    }
}
