using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace AgentReadiness.Runtime.Tests;

/// <summary>One worker at a time, so that what it did not do is known when it has done the next.</summary>
public sealed class ControllerWorkerTests : IDisposable
{
    private readonly ToldTime time = new();
    private readonly ObjectCache<string> cache = new(
        Objects.Things,
        null,
        item => item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!
    );
    private readonly OwnWrites writes;
    private readonly WorkQueue<NamespacedName> queue;
    private readonly Recorder controller = new();
    private readonly ScopedLog log = new();
    private readonly string name = $"c{Guid.NewGuid():N}";
    private readonly CancellationTokenSource stop = new();
    private readonly CancellationTokenSource lost = new();
    private readonly ControllerWorker<string> worker;
    private Task running = Task.CompletedTask;

    public ControllerWorkerTests()
    {
        writes = new OwnWrites(time);
        queue = new WorkQueue<NamespacedName>(name, time);
        worker = new ControllerWorker<string>(
            name,
            cache,
            queue,
            controller,
            writes,
            time,
            log.Factory.CreateLogger<ControllerWorker<string>>()
        )
        {
            MaxConcurrentReconciles = 1,
        };
    }

    [Fact]
    public async Task An_object_as_it_was_before_our_own_write_is_not_given_to_the_controller()
    {
        await StartAsync("a 5");
        writes.Remember(Objects.Things, Objects.Thing("a", "7"));
        cache.Upsert(Objects.Thing("a", "6"));
        cache.Upsert(Objects.Thing("b", "8"));
        (await controller.NextAsync()).ShouldBe("reconcile 8", "a at 6 is older than our write");

        cache.Upsert(Objects.Thing("a", "7"));

        (await controller.NextAsync()).ShouldBe("reconcile 7");
    }

    [Fact]
    public async Task An_object_that_we_made_and_that_the_cache_does_not_show_yet_is_not_taken_for_deleted()
    {
        await StartAsync("a 5");
        writes.Remember(Objects.Things, Objects.Thing("new", "7"));
        queue.Add(new NamespacedName("ns", "new"));
        cache.Upsert(Objects.Thing("b", "8"));
        (await controller.NextAsync()).ShouldBe("reconcile 8");

        cache.Upsert(Objects.Thing("new", "7"));

        (await controller.NextAsync()).ShouldBe("reconcile 7");
    }

    [Fact]
    public async Task A_version_that_never_appears_holds_an_object_up_for_half_a_minute_and_not_for_ever()
    {
        await StartAsync("a 5");
        writes.Remember(Objects.Things, Objects.Thing("a", "700"));
        cache.Upsert(Objects.Thing("a", "6"));
        cache.Upsert(Objects.Thing("b", "8"));
        (await controller.NextAsync()).ShouldBe("reconcile 8");

        time.Advance(OwnWrites.LongestWait);

        (await controller.NextAsync()).ShouldBe("reconcile 6");
    }

    [Fact]
    public async Task A_deletion_after_our_write_is_told_at_once()
    {
        await StartAsync("a 5");
        writes.Remember(Objects.Things, Objects.Thing("a", "7"));

        cache.Delete(Objects.Thing("a", "8"));

        (await controller.NextAsync()).ShouldBe("deleted ns/a");
    }

    [Fact]
    public async Task A_stop_lets_what_is_in_flight_end_and_begins_nothing_new()
    {
        var release = new TaskCompletionSource();
        var cancelled = true;
        controller.Answer = async (_, cancellationToken) =>
        {
            await release.Task;
            cancelled = cancellationToken.IsCancellationRequested;
            return ReconciliationResult<string>.Success();
        };
        await StartAsync("a 5");
        cache.Upsert(Objects.Thing("b", "8"));

        await stop.CancelAsync();
        (await time.WaitAsync()).ShouldBe(worker.Grace);
        running.IsCompleted.ShouldBeFalse();
        release.SetResult();

        await running.SoonAsync();
        cancelled.ShouldBeFalse();
        controller.Began.ShouldBe(1);
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_its_grace()
    {
        controller.Answer = Endless;
        await StartAsync("a 5");
        await stop.CancelAsync();
        (await time.WaitAsync()).ShouldBe(worker.Grace);

        time.Advance(worker.Grace);

        await running.SoonAsync();
    }

    [Fact]
    public async Task A_lost_Lease_cancels_what_is_in_flight_at_once()
    {
        controller.Answer = Endless;
        await StartAsync("a 5");

        await lost.CancelAsync();
        await stop.CancelAsync();

        await running.SoonAsync();
    }

    [Fact]
    public async Task A_server_that_says_when_is_not_asked_by_the_next_try_either()
    {
        var fail = true;
        controller.Answer = (_, _) =>
            fail
                ? throw new KubernetesApiException(HttpStatusCode.TooManyRequests, "TooManyRequests", "no", TimeSpan.FromSeconds(40))
                : Task.FromResult(ReconciliationResult<string>.Success());
        await StartAsync("a 5");
        cache.Upsert(Objects.Thing("b", "8"));
        await controller.NextAsync();
        fail = false;
        cache.Upsert(Objects.Thing("c", "9"));
        (await controller.NextAsync()).ShouldBe("reconcile 9");

        time.Advance(TimeSpan.FromSeconds(39));
        cache.Upsert(Objects.Thing("d", "10"));
        (await controller.NextAsync()).ShouldBe("reconcile 10", "a and b come after 40 s");
        time.Advance(TimeSpan.FromSeconds(1));
        new[] { await controller.NextAsync(), await controller.NextAsync() }.Order().ShouldBe(["reconcile 5", "reconcile 8"]);
    }

    [Fact]
    public async Task Every_log_line_of_a_reconciliation_carries_its_ID_and_the_next_one_has_another()
    {
        var logger = log.Factory.CreateLogger("controller");
        controller.Answer = async (_, _) =>
        {
            await Task.Yield();
            logger.LogInformation("works on the object");
            return ReconciliationResult<string>.Failure("foreseen");
        };
        await StartAsync("a 5");
        cache.Upsert(Objects.Thing("b", "8"));
        await controller.NextAsync();
        controller.Answer = (_, _) => Task.FromResult(ReconciliationResult<string>.Success());
        cache.Upsert(Objects.Thing("c", "9"));
        await controller.NextAsync();

        var lines = log.Lines.Where(line => line.Message.Contains("works on") || line.Message.Contains("foreseen")).ToList();
        lines
            .Select(line => (line.Scope["Object"], line.Message.Contains("works on")))
            .ShouldBe([("ns/a", true), ("ns/a", false), ("ns/b", true), ("ns/b", false)]);
        var ids = lines.Select(line => line.Scope["ReconcileId"]).ToList();
        (ids[0], ids[2]).ShouldBe((ids[1], ids[3]));
        ids[0].ShouldNotBe(ids[2]);
        lines.ShouldAllBe(line => line.Scope["Controller"] == name);
    }

    [Fact]
    public async Task A_reconciliation_is_an_Activity_that_says_how_it_ended()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ReconcileActivity.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.GetTagItem(ReconcileActivity.ControllerTag) as string == name)
                    ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        controller.Answer = (entity, _) =>
            entity == "5" ? throw new HttpRequestException("broken") : Task.FromResult(ReconciliationResult<string>.Success());
        await StartAsync("a 5");
        cache.Upsert(Objects.Thing("b", "8"));
        await controller.NextAsync();
        cache.Upsert(Objects.Thing("c", "9"));
        await controller.NextAsync();

        ended
            .Take(2)
            .Select(activity => (activity.OperationName, activity.GetTagItem(ReconcileActivity.ObjectTag), activity.Status))
            .ShouldBe([("reconcile", "ns/a", ActivityStatusCode.Error), ("reconcile", "ns/b", ActivityStatusCode.Unset)]);
        ended[0].GetTagItem(ReconcileActivity.IdTag).ShouldNotBe(ended[1].GetTagItem(ReconcileActivity.IdTag));
    }

    [Fact]
    public async Task As_many_objects_are_reconciled_at_once_as_the_option_says()
    {
        var release = new TaskCompletionSource();
        controller.Answer = async (_, _) =>
        {
            await release.Task;
            return ReconciliationResult<string>.Success();
        };
        using var two = new ControllerWorker<string>(
            name,
            cache,
            new WorkQueue<NamespacedName>(name + "2", time),
            controller,
            writes,
            time,
            log.Factory.CreateLogger<ControllerWorker<string>>()
        )
        {
            MaxConcurrentReconciles = new ControllerOptions { PerController = new Dictionary<string, int> { ["two"] = 2 } }.For("two"),
        };
        foreach (var thing in (string[])["a", "b", "c"])
            cache.Upsert(Objects.Thing(thing, "5"));
        running = two.RunAsync(stop.Token, lost.Token);
        await controller.NextAsync();
        await controller.NextAsync();
        controller.Began.ShouldBe(2);

        release.SetResult();

        await controller.NextAsync();
        controller.Began.ShouldBe(3);
        new ControllerOptions().For("two").ShouldBe(4);
        await stop.CancelAsync();
        await running.SoonAsync();
    }

    [Fact]
    public async Task What_happened_can_be_read_under_the_names_of_controller_runtime()
    {
        var answers = new Queue<Func<ReconciliationResult<string>>>([
            () => ReconciliationResult<string>.Success(),
            () => ReconciliationResult<string>.Success(TimeSpan.FromHours(1)),
            () => ReconciliationResult<string>.Failure("foreseen"),
            () => throw new KubernetesApiException(HttpStatusCode.Conflict, "Conflict", "old"),
            () => ReconciliationResult<string>.Stale("changed since it was read"),
            () => throw new HttpRequestException("broken"),
            () => throw new InvalidOperationException("a bug"),
        ]);
        controller.Answer = (_, _) => Task.FromResult(answers.Dequeue()());
        await StartAsync("a 5");
        for (var version = 6; version <= 11; version++)
        {
            cache.Upsert(Objects.Thing($"b{version}", $"{version}"));
            await controller.NextAsync();
        }
        var release = new TaskCompletionSource();
        controller.Answer = async (_, _) =>
        {
            await release.Task;
            return ReconciliationResult<string>.Success();
        };
        cache.Upsert(Objects.Thing("last", "12"));
        await controller.NextAsync();
        cache.Upsert(Objects.Thing("waits", "13"));
        time.Advance(TimeSpan.FromSeconds(3));

        var metrics = await ExportAsync();

        Dictionary<string, double> expected = new()
        {
            ["controller_runtime_reconcile_total{controller=\"*\",result=\"success\"}"] = 1,
            ["controller_runtime_reconcile_total{controller=\"*\",result=\"requeue_after\"}"] = 1,
            ["controller_runtime_reconcile_total{controller=\"*\",result=\"requeue\"}"] = 2,
            ["controller_runtime_reconcile_total{controller=\"*\",result=\"error\"}"] = 3,
            ["controller_runtime_reconcile_errors_total{controller=\"*\"}"] = 3,
            ["controller_runtime_reconcile_panics_total{controller=\"*\"}"] = 1,
            ["controller_runtime_reconcile_time_seconds_count{controller=\"*\"}"] = 7,
            ["controller_runtime_max_concurrent_reconciles{controller=\"*\"}"] = 1,
            ["controller_runtime_active_workers{controller=\"*\"}"] = 1,
            ["workqueue_retries_total{name=\"*\",controller=\"*\"}"] = 5,
            ["workqueue_work_duration_seconds_count{name=\"*\",controller=\"*\"}"] = 7,
            ["workqueue_queue_duration_seconds_count{name=\"*\",controller=\"*\"}"] = 8,
            ["workqueue_unfinished_work_seconds{name=\"*\",controller=\"*\"}"] = 3,
            ["workqueue_longest_running_processor_seconds{name=\"*\",controller=\"*\"}"] = 3,
        };
        foreach (var (series, value) in expected)
            metrics.ShouldContainKeyAndValue(series, value);
        metrics.ShouldContainKey("workqueue_depth{name=\"*\",controller=\"*\"}");
        metrics.ShouldContainKey("workqueue_adds_total{name=\"*\",controller=\"*\"}");
        release.SetResult();
    }

    public void Dispose()
    {
        lost.Cancel();
        stop.Cancel();
        running.Wait(Soon.Hang);
        worker.Dispose();
        stop.Dispose();
        lost.Dispose();
    }

    private static async Task<ReconciliationResult<string>> Endless(string entity, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return ReconciliationResult<string>.Success();
    }

    // "a 5": the cache holds a at version 5, and the controller has it in hand.
    private async Task StartAsync(string first)
    {
        cache.Upsert(Objects.Thing(first.Split(' ')[0], first.Split(' ')[1]));
        running = worker.RunAsync(stop.Token, lost.Token);
        (await controller.NextAsync()).ShouldBe($"reconcile {first.Split(' ')[1]}");
    }

    private async Task<Dictionary<string, double>> ExportAsync()
    {
        using var text = new MemoryStream();
        await Metrics.DefaultRegistry.CollectAndExportAsTextAsync(text);
        return System
            .Text.Encoding.UTF8.GetString(text.ToArray())
            .Split('\n')
            .Where(line => line.Contains(name, StringComparison.Ordinal))
            .Select(line => line.Replace(name, "*", StringComparison.Ordinal).Split(' '))
            .ToDictionary(
                parts => string.Join(' ', parts[..^1]),
                parts => double.Parse(parts[^1], System.Globalization.CultureInfo.InvariantCulture)
            );
    }

    private sealed class Recorder : IEntityController<string>
    {
        private readonly Channel<string> calls = Channel.CreateUnbounded<string>();

        private int began;

        public int Began => Volatile.Read(ref began);

        public Func<string, CancellationToken, Task<ReconciliationResult<string>>> Answer { get; set; } =
            (_, _) => Task.FromResult(ReconciliationResult<string>.Success());

        public async Task<string> NextAsync()
        {
            using var limit = new CancellationTokenSource(Soon.Hang);
            return await calls.Reader.ReadAsync(limit.Token);
        }

        public Task<ReconciliationResult<string>> ReconcileAsync(string entity, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref began);
            try
            {
                return Answer(entity, cancellationToken);
            }
            finally
            {
                calls.Writer.TryWrite($"reconcile {entity}");
            }
        }

        public Task<ReconciliationResult<string>> DeletedAsync(NamespacedName key, CancellationToken cancellationToken)
        {
            calls.Writer.TryWrite($"deleted {key}");
            return Task.FromResult(ReconciliationResult<string>.Success());
        }
    }
}
