using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>Runs a controller: takes keys, looks their objects up, reconciles, and plans the next look.</summary>
/// <typeparam name="TEntity">What the cache holds.</typeparam>
public sealed class ControllerWorker<TEntity>(
    string name,
    ObjectCache<TEntity> cache,
    WorkQueue<NamespacedName> queue,
    IEntityController<TEntity> controller,
    int concurrency,
    TimeProvider time,
    ILogger<ControllerWorker<TEntity>> logger) : ILeaderTask
    where TEntity : class
{
    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var entry in cache.List())
            queue.Add(entry.Key);
        return Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => WorkAsync(cancellationToken), CancellationToken.None)));
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            NamespacedName key;
            try
            {
                key = await queue.TakeAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            RuntimeMetrics.ActiveWorkers.WithLabels(name).Inc();
            var began = time.GetTimestamp();
            try
            {
                await ReconcileAsync(key, cancellationToken);
            }
            finally
            {
                RuntimeMetrics.ReconcileTime.WithLabels(name).Observe(time.GetElapsedTime(began).TotalSeconds);
                RuntimeMetrics.ActiveWorkers.WithLabels(name).Dec();
                queue.Done(key);
            }
        }
    }

    private async Task ReconcileAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        try
        {
            var entry = cache.Get(key);
            var result = entry is null ? await controller.DeletedAsync(key, cancellationToken) : await controller.ReconcileAsync(entry.View, cancellationToken);
            if (!result.IsSuccess && result.RequeueAfter is null)
            {
                Fail(key, result.ErrorMessage ?? "no reason given", null);
                return;
            }
            queue.Forget(key);
            if (result.RequeueAfter is { } delay)
                queue.AddAfter(key, delay);
            RuntimeMetrics.Reconciles.WithLabels(name, result.RequeueAfter is null ? "success" : "requeue_after").Inc();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The next leader takes it from here.
        }
        catch (KubernetesApiException error) when (error.IsConflict)
        {
            // What was read is old: not a fault, only too early.
            RuntimeLog.Conflict(logger, name, key, error.Message);
            RuntimeMetrics.Reconciles.WithLabels(name, "requeue").Inc();
            queue.AddRateLimited(key);
        }
        catch (Exception error)
        {
            // One object's fault must not stop the others.
            Fail(key, error.Message, error);
        }
    }

    private void Fail(NamespacedName key, string message, Exception? error)
    {
        RuntimeLog.ReconcileFailed(logger, error, name, key, message);
        RuntimeMetrics.Reconciles.WithLabels(name, "error").Inc();
        RuntimeMetrics.ReconcileErrors.WithLabels(name).Inc();
        queue.AddRateLimited(key);
    }
}
