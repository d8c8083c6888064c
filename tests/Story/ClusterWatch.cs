using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.Story;

/// <summary>An expectation of the story was not met.</summary>
public sealed class StoryException(string message) : Exception(message);

/// <summary>Which pods a Service sends traffic to.</summary>
/// <param name="Pods">Names of pods that are ready.</param>
public sealed record EndpointsView(IReadOnlyList<string> Pods)
{
    /// <summary>Makes the view.</summary>
    public static EndpointsView Of(JsonElement item) =>
        new(
            item.TryGetProperty("subsets", out var subsets) && subsets.ValueKind == JsonValueKind.Array
                ?
                [
                    .. subsets
                        .EnumerateArray()
                        .SelectMany(subset => subset.TryGetProperty("addresses", out var addresses) ? addresses.EnumerateArray() : [])
                        .Select(address =>
                            address.TryGetProperty("targetRef", out var target) ? target.GetProperty("name").GetString()! : "unknown"
                        ),
                ]
                : []
        );
}

/// <summary>What the story asks of pods.</summary>
/// <param name="Namespace">Their namespace.</param>
/// <param name="Labels">Their labels.</param>
/// <param name="Ending">They were told to end.</param>
public sealed record PodLabels(string Namespace, IReadOnlyDictionary<string, string> Labels, bool Ending)
{
    /// <summary>Makes the view.</summary>
    public static PodLabels Of(JsonElement item)
    {
        var meta = item.GetProperty("metadata");
        return new PodLabels(
            meta.GetProperty("namespace").GetString()!,
            meta.TryGetProperty("labels", out var labels)
                ? labels.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!, StringComparer.Ordinal)
                : new Dictionary<string, string>(StringComparer.Ordinal),
            meta.TryGetProperty("deletionTimestamp", out _)
        );
    }
}

/// <summary>
/// Live views of a cluster, through the same watches that the operator uses: the story waits for events, it does not poll.
/// </summary>
public sealed class ClusterWatch : IAsyncDisposable
{
    private readonly List<Reflector> reflectors = [];
    private readonly CancellationTokenSource stop = new();
    private readonly Kubernetes client;

    /// <summary>Opens the views.</summary>
    public ClusterWatch(string kubeconfig)
    {
        client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
        Api = new KubernetesApi(client, "agent-readiness-story");
        Agents = Open(new ObjectCache<AgentDeployment>(ResourceType.Of<AgentDeployment>(), null, Typed<AgentDeployment>));
        Runs = Open(new ObjectCache<EvalRun>(ResourceType.Of<EvalRun>(), null, Typed<EvalRun>));
        Ledgers = Open(new ObjectCache<BudgetLedger>(ResourceType.Of<BudgetLedger>(), null, Typed<BudgetLedger>));
        Pods = Open(new ObjectCache<PodLabels>(new ResourceType(string.Empty, "v1", "pods", "Pod"), null, PodLabels.Of));
        Endpoints = Open(
            new ObjectCache<EndpointsView>(new ResourceType(string.Empty, "v1", "endpoints", "Endpoints"), null, EndpointsView.Of)
        );
    }

    /// <summary>Pods.</summary>
    public ObjectCache<PodLabels> Pods { get; }

    /// <summary>The API server.</summary>
    public KubernetesApi Api { get; }

    /// <summary>AgentDeployments.</summary>
    public ObjectCache<AgentDeployment> Agents { get; }

    /// <summary>EvalRuns.</summary>
    public ObjectCache<EvalRun> Runs { get; }

    /// <summary>BudgetLedgers.</summary>
    public ObjectCache<BudgetLedger> Ledgers { get; }

    /// <summary>Endpoints.</summary>
    public ObjectCache<EndpointsView> Endpoints { get; }

    /// <summary>Waits until an object is as wanted.</summary>
    /// <exception cref="StoryException">The time is over, or the caller's is; the message says how the object stood.</exception>
    public async Task<T> WaitAsync<T>(
        ObjectCache<T> cache,
        NamespacedName key,
        string what,
        Func<T, bool> isSo,
        TimeSpan limit,
        Func<T?, string> describe,
        CancellationToken cancellationToken,
        Action<string>? tell = null
    )
        where T : class
    {
        string? told = null;
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(CacheEntry<T>? before, CacheEntry<T>? after)
        {
            if (after?.Key != key)
                return;
            var said = describe(after.View);
            if (Interlocked.Exchange(ref told, said) != said)
                tell?.Invoke(said);
            if (isSo(after.View))
                done.TrySetResult(after.View);
        }
        cache.Changed += Look;
        try
        {
            Look(null, cache.Get(key));
            return await done.Task.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoryException($"waited {limit.TotalSeconds:0} s for {what}; {key} is: {describe(cache.Get(key)?.View)}");
        }
        catch (OperationCanceledException)
        {
            throw new StoryException($"ended while it waited for {what}; {key} is: {describe(cache.Get(key)?.View)}");
        }
        finally
        {
            cache.Changed -= Look;
        }
    }

    /// <summary>Waits until the pods of a kind are as wanted.</summary>
    /// <exception cref="StoryException">The time is over; the message says how they stood.</exception>
    public async Task WaitForPodsAsync(
        Func<PodLabels, bool> which,
        Func<IReadOnlyList<PodLabels>, bool> isSo,
        TimeSpan limit,
        Func<IReadOnlyList<PodLabels>, string> describe,
        Action<string> tell,
        CancellationToken cancellationToken
    )
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string? told = null;
        void Look(CacheEntry<PodLabels>? before, CacheEntry<PodLabels>? after)
        {
            var pods = Pods.List().Select(entry => entry.View).Where(which).ToList();
            var said = describe(pods);
            if (Interlocked.Exchange(ref told, said) != said)
                tell(said);
            if (isSo(pods))
                done.TrySetResult();
        }
        // An empty cache says nothing before its first list.
        await Pods.Synced.WaitAsync(limit, cancellationToken);
        Pods.Changed += Look;
        try
        {
            Look(null, null);
            await done.Task.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoryException($"waited {limit.TotalSeconds:0} s; {told}");
        }
        finally
        {
            Pods.Changed -= Look;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var reflector in reflectors)
        {
            await reflector.StopAsync(CancellationToken.None);
            reflector.Dispose();
        }
        client.Dispose();
        stop.Dispose();
    }

    private ObjectCache<T> Open<T>(ObjectCache<T> cache)
    {
        var reflector = new Reflector(cache, Api, TimeProvider.System, NullLogger<Reflector>.Instance);
        reflectors.Add(reflector);
        reflector.StartAsync(stop.Token).GetAwaiter().GetResult();
        return cache;
    }

    private static T Typed<T>(JsonElement item) => KubernetesJson.Deserialize<T>(item.GetRawText());
}
