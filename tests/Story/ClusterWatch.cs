using System.Text.Json;
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
        Endpoints = Open(
            new ObjectCache<EndpointsView>(new ResourceType(string.Empty, "v1", "endpoints", "Endpoints"), null, EndpointsView.Of)
        );
    }

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
    /// <exception cref="StoryException">The time is over; the message says how the object stood.</exception>
    public async Task<T> WaitAsync<T>(
        ObjectCache<T> cache,
        NamespacedName key,
        string what,
        Func<T, bool> isSo,
        TimeSpan limit,
        Func<T?, string> describe,
        CancellationToken cancellationToken
    )
        where T : class
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(CacheEntry<T>? before, CacheEntry<T>? after)
        {
            if (after?.Key == key && isSo(after.View))
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
        finally
        {
            cache.Changed -= Look;
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
