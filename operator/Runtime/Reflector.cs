using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentReadiness.Runtime;

/// <summary>
/// Keeps a cache equal to the API server: a paged list, then a watch from the list's version, for ever. A watch that closes goes
/// on from the last version seen; one that expired, was silent or had an event that is no JSON starts again from a list.
/// </summary>
public sealed class Reflector(IObjectCache cache, KubernetesApi api, TimeProvider time, ILogger<Reflector> logger) : BackgroundService
{
    // All caches list at once when an operator starts, and a page of pods or Deployments has 10 KB for each.
    private const int PageSize = 200;

    // No other form stands behind these: a server that cannot leave the content out answers 406, and never with the content.
    private const string MetadataOfList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    private const string MetadataOfObject = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>The server's watch timeout is random between this and twice this, so that watches do not all end at once.</summary>
    public TimeSpan ShortestWatch { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one page of a list may take; 60 seconds where not set.</summary>
    public TimeSpan LongestPage { get; init; } = TimeSpan.FromSeconds(60);

    // The one field selector with which the API server lets a right on one name list and watch.
    private string? FieldSelector => cache.Only is { } only ? $"metadata.name={only.Name}" : null;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        string? version = null;
        cache.Faulted += Tell;
        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan? told = null;
            try
            {
                version ??= await ListAsync(stoppingToken);
                var began = time.GetTimestamp();
                var (end, last) = await WatchAsync(version, stoppingToken);
                var cause = end.Cause;
                told = end.RetryAfter;
                RuntimeMetrics.WatchRestarts.WithLabels(cache.Resource.Plural, cause.ToString()).Inc();
                version = cause is WatchEndCause.Closed or WatchEndCause.Failed or WatchEndCause.Throttled ? last : null;
                // A watch that repeatedly ends at once is a failure, also where the server says that it was closed in order.
                var healthy = cause == WatchEndCause.Closed && time.GetElapsedTime(began) > TimeSpan.FromSeconds(1);
                // A watch that lasted for a while begins a new count: a load balancer that resets healthy watches must not lead to growing
                // pauses.
                failures =
                    healthy ? 0
                    : time.GetElapsedTime(began) > TimeSpan.FromSeconds(1) ? 1
                    : failures + 1;
                // A server that was restored from a backup refuses newer versions for ever, so after a few tries a new list is needed. A
                // server that has too many requests is not asked for a list, which costs it more than a watch.
                if (failures >= 3 && cause != WatchEndCause.Throttled)
                    version = null;
                if (!healthy)
                    RuntimeLog.WatchEnded(logger, cache.Resource.Plural, cause, end.Detail);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Every failure is logged and tried again. If the reflector stopped, its controllers would see no changes any more.
                failures++;
                version = null;
                told = (exception as KubernetesApiException)?.RetryAfter;
                RuntimeLog.ListFailed(logger, cache.Resource.Plural, exception.Message);
            }
            if (failures > 0)
                await Task.Delay(Pause(failures, told ?? TimeSpan.Zero), time, stoppingToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell(NamespacedName? key, Exception exception)
    {
        RuntimeMetrics.Undecodable.WithLabels(cache.Resource.Plural).Inc();
        RuntimeLog.Undecodable(logger, cache.Resource.Kind, key?.ToString() ?? "without a name", exception.Message);
    }

    private static TimeSpan Pause(int failures, TimeSpan atLeast)
    {
        var pause = TimeSpan.FromMilliseconds(200 * Math.Pow(2, Math.Min(failures, 10)) * (0.5 + Random.Shared.NextDouble()));
        pause = pause < LongestPause ? pause : LongestPause;
        return pause > atLeast ? pause : atLeast;
    }

    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        // Only a whole list may drop objects that are not in it.
        var listing = cache.BeginList();
        string? next = null;
        string version;
        do
        {
            var query = $"{cache.Resource.Path(cache.Only?.Namespace)}?limit={PageSize}";
            if (FieldSelector is not null)
                query += "&fieldSelector=" + Uri.EscapeDataString(FieldSelector);
            if (cache.LabelSelector is not null)
                query += "&labelSelector=" + Uri.EscapeDataString(cache.LabelSelector);
            if (next is not null)
                query += "&continue=" + Uri.EscapeDataString(next);
            (version, next) = await PageAsync(query, listing.Add, cancellationToken);
        } while (next is not null);
        listing.Complete();
        return version;
    }

    // On a dead connection a list would wait for ever, so it has a time limit of its own.
    private async Task<(string Version, string? Next)> PageAsync(
        string query,
        Action<JsonElement> onItem,
        CancellationToken cancellationToken
    )
    {
        using var over = new CancellationTokenSource(LongestPage, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        try
        {
            using var response = await api.OpenAsync(query, cache.MetadataOnly ? MetadataOfList : null, limit.Token);
            return await new ListPage(await response.Content.ReadAsStreamAsync(limit.Token), onItem).ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"a page took longer than {LongestPage.TotalSeconds:0} s");
        }
    }

    private async Task<(WatchEnd End, string Version)> WatchAsync(string version, CancellationToken cancellationToken)
    {
        var timeout = ShortestWatch * (1 + Random.Shared.NextDouble());
        var end = await new WatchStream(api, time)
        {
            FieldSelector = FieldSelector,
            Accept = cache.MetadataOnly ? MetadataOfObject : null,
        }.ReadAsync(
            cache.Resource.Path(cache.Only?.Namespace),
            cache.LabelSelector,
            version,
            timeout,
            (kind, item) =>
            {
                if (kind == WatchEventKind.Upsert)
                    cache.Upsert(item);
                else if (kind == WatchEventKind.Deleted)
                    cache.Delete(item);
                version = item.GetProperty("metadata").GetProperty("resourceVersion").GetString()!;
            },
            cancellationToken
        );
        return (end, version);
    }
}
