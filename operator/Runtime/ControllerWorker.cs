using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>
/// Runs a controller: takes keys, looks their objects up, reconciles, and plans the next look. An object that the cache shows
/// as it was before this process's own last write to it is not given to the controller: the watch event on its way wakes it.
/// </summary>
/// <typeparam name="TEntity">What the cache holds.</typeparam>
public sealed class ControllerWorker<TEntity> : ILeaderTask, IDisposable
    where TEntity : class
{
    private static readonly string[] Results = ["success", "error", "requeue", "requeue_after"];

    private readonly string name;
    private readonly ObjectCache<TEntity> cache;
    private readonly WorkQueue<NamespacedName> queue;
    private readonly IEntityController<TEntity> controller;
    private readonly OwnWrites ownWrites;
    private readonly TimeProvider time;
    private readonly ILogger<ControllerWorker<TEntity>> logger;

    /// <summary>Creates a worker; from now on changes of the cache wake its keys, and its kind's own writes are kept.</summary>
    /// <param name="name">The name in metrics and logs.</param>
    /// <param name="cache">The objects.</param>
    /// <param name="queue">The keys to look at; disposed with the worker.</param>
    /// <param name="controller">The controller.</param>
    /// <param name="ownWrites">What this process wrote.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public ControllerWorker(
        string name,
        ObjectCache<TEntity> cache,
        WorkQueue<NamespacedName> queue,
        IEntityController<TEntity> controller,
        OwnWrites ownWrites,
        TimeProvider time,
        ILogger<ControllerWorker<TEntity>> logger
    )
    {
        this.name = name;
        this.cache = cache;
        this.queue = queue;
        this.controller = controller;
        this.ownWrites = ownWrites;
        this.time = time;
        this.logger = logger;
        ownWrites.Track(cache.Resource);
        cache.Changed += Wake;
    }

    /// <summary>Reconciliations at once, of different objects; 4 where not set.</summary>
    public int MaxConcurrentReconciles { get; init; } = new ControllerOptions().MaxConcurrentReconciles;

    /// <summary>
    /// How long reconciliations in flight may go on after a stop; 20 seconds where not set. Keep it below the host's shutdown timeout.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => RunAsync(cancellationToken, cancellationToken);

    /// <summary>Runs until stopped, and then until reconciliations in flight have ended or <see cref="Grace"/> is over.</summary>
    /// <param name="stopping">No new reconciliation begins.</param>
    /// <param name="lost">Those in flight are cancelled too, at once.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken lost)
    {
        RuntimeMetrics.MostWorkers.WithLabels(name).Set(MaxConcurrentReconciles);
        RuntimeMetrics.ReconcileErrors.WithLabels(name).Inc(0);
        RuntimeMetrics.ReconcilePanics.WithLabels(name).Inc(0);
        foreach (var result in Results)
            RuntimeMetrics.Reconciles.WithLabels(name, result).Inc(0);
        foreach (var entry in cache.List())
            queue.Add(entry.Key);

        using var abort = CancellationTokenSource.CreateLinkedTokenSource(lost);
        var workers = Task.WhenAll(
            Enumerable
                .Range(0, MaxConcurrentReconciles)
                .Select(_ => Task.Run(() => WorkAsync(stopping, abort.Token), CancellationToken.None))
        );
        await Task.WhenAny(workers, Task.Delay(Timeout.InfiniteTimeSpan, time, stopping));
        RuntimeLog.Draining(logger, name, Grace);
        using var over = new CancellationTokenSource(Grace, time);
        await using var link = over.Token.Register(abort.Cancel);
        await workers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cache.Changed -= Wake;
        queue.Dispose();
    }

    // The write is forgotten before the key is added. A worker that takes the key at once must not wait for a version that the cache
    // shows already.
    private void Wake(CacheEntry<TEntity>? before, CacheEntry<TEntity>? after)
    {
        var key = (after ?? before)!.Key;
        ownWrites.Seen(cache.Resource, key, after?.ResourceVersion);
        queue.Add(key);
    }

    private async Task WorkAsync(CancellationToken stopping, CancellationToken abort)
    {
        while (!stopping.IsCancellationRequested)
        {
            NamespacedName key;
            try
            {
                key = await queue.TakeAsync(stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            RuntimeMetrics.ActiveWorkers.WithLabels(name).Inc();
            try
            {
                await LookAsync(key, abort);
            }
            finally
            {
                RuntimeMetrics.ActiveWorkers.WithLabels(name).Dec();
                queue.Done(key);
            }
        }
    }

    private async Task LookAsync(NamespacedName key, CancellationToken abort)
    {
        var entry = cache.Get(key);
        switch (ownWrites.Check(cache.Resource, key, entry?.ResourceVersion, out var wait))
        {
            case OwnWriteState.Awaited:
                RuntimeLog.OwnWriteAwaited(logger, name, key);
                queue.AddAfter(key, wait);
                return;
            case OwnWriteState.GivenUp:
                RuntimeLog.OwnWriteGivenUp(logger, name, key);
                break;
            default:
                break;
        }
        var began = time.GetTimestamp();
        var id = Guid.NewGuid().ToString("N");
        using var scope = RuntimeLog.BeginReconciliation(logger, name, key, id);
        using var activity = ReconcileActivity.Start(name, key, id);
        try
        {
            await ReconcileAsync(key, entry, abort);
        }
        finally
        {
            RuntimeMetrics.ReconcileTime.WithLabels(name).Observe(time.GetElapsedTime(began).TotalSeconds);
        }
    }

    private async Task ReconcileAsync(NamespacedName key, CacheEntry<TEntity>? entry, CancellationToken cancellationToken)
    {
        try
        {
            var result = entry is null
                ? await controller.DeletedAsync(key, cancellationToken)
                : await controller.ReconcileAsync(entry.View, cancellationToken);
            if (result.IsStale)
            {
                Conflict(key, result.ErrorMessage!);
                return;
            }
            if (!result.IsSuccess && result.RequeueAfter is null)
            {
                Fail(key, result.ErrorMessage ?? "no reason given", result.Error);
                return;
            }
            queue.Forget(key);
            if (result.RequeueAfter is { } delay)
                queue.AddAfter(key, delay);
            Count(result.RequeueAfter is null ? "success" : "requeue_after");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The process stops. The next leader reconciles the object again.
        }
        catch (KubernetesApiException exception) when (exception.IsConflict)
        {
            Conflict(key, exception.Message);
        }
        catch (Exception exception)
        {
            // The fault of one object must not stop the others. A controller returns a Failure for what it expects. Exceptions of the API
            // server and of the network come from outside; any other exception is a defect of the controller, and is counted as a panic.
            if (exception is not (KubernetesApiException or HttpRequestException or IOException or TimeoutException))
                RuntimeMetrics.ReconcilePanics.WithLabels(name).Inc();
            Fail(key, exception.Message, exception);
        }
    }

    // The decision was made on an old state of the object. That is no fault: it is tried again with growing pauses.
    private void Conflict(NamespacedName key, string message)
    {
        RuntimeLog.Conflict(logger, name, key, message);
        Count("requeue");
        queue.AddRateLimited(key);
    }

    private void Fail(NamespacedName key, string message, Exception? exception)
    {
        RuntimeLog.ReconcileFailed(logger, exception, name, key, message);
        Activity.Current?.SetStatus(ActivityStatusCode.Error, message);
        Count("error");
        RuntimeMetrics.ReconcileErrors.WithLabels(name).Inc();
        queue.AddRateLimited(key, (exception as KubernetesApiException)?.RetryAfter ?? TimeSpan.Zero);
    }

    private void Count(string result) => RuntimeMetrics.Reconciles.WithLabels(name, result).Inc();
}
