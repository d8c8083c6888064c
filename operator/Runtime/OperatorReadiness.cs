namespace AgentReadiness.Runtime;

/// <summary>Whether the caches are in: until then nothing may be decided.</summary>
public sealed class OperatorReadiness(IEnumerable<IObjectCache> caches)
{
    private readonly IReadOnlyList<IObjectCache> caches = [.. caches];

    /// <summary>True once every cache had its first list.</summary>
    public bool IsReady => caches.All(cache => cache.IsSynced);

    /// <summary>The resources that are not in yet.</summary>
    public IEnumerable<string> Missing => caches.Where(cache => !cache.IsSynced).Select(cache => cache.Resource.Plural);

    /// <summary>Waits until every cache had its first list.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(caches.Select(cache => cache.Synced)).WaitAsync(cancellationToken);
}
