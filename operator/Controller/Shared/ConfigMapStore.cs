using System.Collections.Concurrent;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>
/// The ConfigMaps that agents and suites refer to. The operator's own are in a cache with their content. Of all others a cache has the
/// metadata, and the content of those that are asked for is read when they are new or have changed.
/// </summary>
public sealed class ConfigMapStore
{
    /// <summary>
    /// Key of the service that content is read through: it has a pace of its own, so that writes do not wait behind reads.
    /// </summary>
    public const string Api = "configmaps";

    private readonly ObjectCache<ConfigMapView> own;
    private readonly ObjectCache<ConfigMapVersion> all;
    private readonly KubernetesApi api;
    private readonly ConcurrentDictionary<NamespacedName, ConfigMapView> read = [];

    /// <summary>Opens it.</summary>
    /// <param name="own">The operator's own, with content.</param>
    /// <param name="all">All, without.</param>
    /// <param name="api">Reads the content.</param>
    public ConfigMapStore(ObjectCache<ConfigMapView> own, ObjectCache<ConfigMapVersion> all, [FromKeyedServices(Api)] KubernetesApi api)
    {
        (this.own, this.all, this.api) = (own, all, api);
        all.Changed += (before, after) =>
        {
            if (after is null)
                read.TryRemove(before!.Key, out _);
        };
    }

    /// <summary>A ConfigMap as it was last read; null where there is none. Call <see cref="ReadAsync"/> before.</summary>
    public ConfigMapView? Get(NamespacedName key) => own.Get(key)?.View ?? read.GetValueOrDefault(key);

    /// <summary>Reads those again of which the cache shows another version than was read.</summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public async Task ReadAsync(IEnumerable<NamespacedName> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys.Distinct())
        {
            if (own.Get(key) is not null)
                continue;
            if (all.Get(key) is not { } entry)
                read.TryRemove(key, out _);
            else if (!read.TryGetValue(key, out var known) || known.Meta.Uid != entry.Uid || known.Meta.Version != entry.ResourceVersion)
                await FetchAsync(key, cancellationToken);
        }
    }

    private async Task FetchAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (await api.GetAsync(ConfigMapView.Resource, key.Namespace, key.Name, cancellationToken) is { } found)
            read[key] = found.View(ConfigMapView.Of);
        else
            // It was deleted since: the cache will show it soon, and wakes who depends on it.
            read.TryRemove(key, out _);
    }
}
