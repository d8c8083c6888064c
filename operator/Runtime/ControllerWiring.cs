using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Runtime;

/// <summary>Which changes, besides those of its own objects, wake a controller.</summary>
public sealed class ControllerWiring(IServiceProvider services, WorkQueue<NamespacedName> queue)
{
    /// <summary>The host's services, for mappings that look things up.</summary>
    public IServiceProvider Services { get; } = services;

    /// <summary>A change of a cached object, before or after it, wakes the keys that it maps to.</summary>
    /// <typeparam name="TView">What the other cache holds.</typeparam>
    /// <param name="map">From an entry to the keys of this controller's objects.</param>
    public ControllerWiring Watches<TView>(Func<CacheEntry<TView>, IEnumerable<NamespacedName>> map)
        where TView : class
    {
        Services.GetRequiredService<ObjectCache<TView>>().Changed += (before, after) =>
        {
            foreach (var key in (before is null ? [] : map(before)).Concat(after is null ? [] : map(after)).Distinct())
                queue.Add(key);
        };
        return this;
    }

    /// <summary>Lets something else than a change of a cached object wake keys, for example a file or a timer.</summary>
    /// <param name="subscribe">Gets what to call with a key.</param>
    public ControllerWiring Wakes(Action<Action<NamespacedName>> subscribe)
    {
        subscribe(queue.Add);
        return this;
    }
}
