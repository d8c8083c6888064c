using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>An object as the cache holds it: its identity, and a view that keeps only what its readers need.</summary>
/// <typeparam name="TView">An immutable projection.</typeparam>
/// <param name="Key">Namespace and name.</param>
/// <param name="Uid">metadata.uid.</param>
/// <param name="ResourceVersion">metadata.resourceVersion.</param>
/// <param name="View">The projection.</param>
public sealed record CacheEntry<TView>(NamespacedName Key, string Uid, string ResourceVersion, TView View);

/// <summary>What caches of any view have in common.</summary>
public interface IObjectCache
{
    /// <summary>The resource that it mirrors.</summary>
    ResourceType Resource { get; }

    /// <summary>The label selector that limits it, or null.</summary>
    string? LabelSelector { get; }

    /// <summary>The one object that it mirrors; null: all of them. So a right on one name is enough.</summary>
    NamespacedName? Only { get; }

    /// <summary>True once the first list is in.</summary>
    bool IsSynced { get; }

    /// <summary>Completes when the first list is in.</summary>
    Task Synced { get; }

    /// <summary>Takes an object from the wire.</summary>
    void Upsert(JsonElement item);

    /// <summary>Drops an object.</summary>
    void Delete(JsonElement item);

    /// <summary>Begins to take a whole list, page by page. Nothing changes before its end.</summary>
    ICacheListing BeginList();

    /// <summary>Takes a whole list: whatever is not in it is dropped, with a change for each.</summary>
    void Replace(IEnumerable<JsonElement> items);
}

/// <summary>A list on its way into a cache. One that is not completed leaves the cache as it was.</summary>
public interface ICacheListing
{
    /// <summary>Takes a page; its elements are read at once and may then go.</summary>
    void Add(IEnumerable<JsonElement> items);

    /// <summary>The list is whole: whatever is not in it is dropped, with a change for each.</summary>
    void Complete();
}

/// <summary>
/// A mirror of the objects of one resource, as projections: a pod of 9 KB on the wire is a record of some hundred bytes here.
/// Readers get what was last seen, which may be old; writers guard themselves by resource versions and by names that derive
/// from what they decide.
/// </summary>
/// <typeparam name="TView">An immutable projection.</typeparam>
public sealed class ObjectCache<TView>(ResourceType resource, string? labelSelector, Func<JsonElement, TView> project) : IObjectCache
{
    private readonly Lock gate = new();
    private readonly Dictionary<NamespacedName, CacheEntry<TView>> entries = [];
    private readonly Dictionary<
        string,
        (Func<CacheEntry<TView>, IEnumerable<string>> KeysOf, Dictionary<string, HashSet<NamespacedName>> Map)
    > indexes = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised after a change, outside the lock, with the entry before and after (null: was not there, is gone).</summary>
    public event Action<CacheEntry<TView>?, CacheEntry<TView>?>? Changed;

    /// <inheritdoc/>
    public ResourceType Resource { get; } = resource;

    /// <inheritdoc/>
    public string? LabelSelector { get; } = labelSelector;

    /// <inheritdoc/>
    public NamespacedName? Only { get; init; }

    /// <inheritdoc/>
    public bool IsSynced => synced.Task.IsCompleted;

    /// <inheritdoc/>
    public Task Synced => synced.Task;

    /// <summary>Adds an index; before the cache is filled.</summary>
    /// <param name="name">The index's name.</param>
    /// <param name="keysOf">The index keys of an entry.</param>
    public ObjectCache<TView> AddIndex(string name, Func<CacheEntry<TView>, IEnumerable<string>> keysOf)
    {
        indexes.Add(name, (keysOf, new Dictionary<string, HashSet<NamespacedName>>(StringComparer.Ordinal)));
        return this;
    }

    /// <summary>The entry of a key, or null.</summary>
    public CacheEntry<TView>? Get(NamespacedName key)
    {
        lock (gate)
            return entries.GetValueOrDefault(key);
    }

    /// <summary>Every entry, as of now.</summary>
    public IReadOnlyList<CacheEntry<TView>> List()
    {
        lock (gate)
            return [.. entries.Values];
    }

    /// <summary>The entries under an index key, in the order of their keys.</summary>
    public IReadOnlyList<CacheEntry<TView>> ByIndex(string index, string key)
    {
        lock (gate)
        {
            return indexes[index].Map.TryGetValue(key, out var keys)
                ?
                [
                    .. keys.Select(entry => entries[entry])
                        .OrderBy(entry => entry.Key.Namespace, StringComparer.Ordinal)
                        .ThenBy(entry => entry.Key.Name, StringComparer.Ordinal),
                ]
                : [];
        }
    }

    /// <inheritdoc/>
    public void Upsert(JsonElement item)
    {
        var after = Read(item);
        CacheEntry<TView>? before;
        lock (gate)
            before = Put(after);
        Changed?.Invoke(before, after);
    }

    /// <inheritdoc/>
    public void Delete(JsonElement item)
    {
        var key = Key(item.GetProperty("metadata"));
        CacheEntry<TView>? before;
        lock (gate)
            before = Drop(key);
        if (before is not null)
            Changed?.Invoke(before, null);
    }

    /// <inheritdoc/>
    public ICacheListing BeginList() => new Listing(this);

    /// <inheritdoc/>
    public void Replace(IEnumerable<JsonElement> items)
    {
        var listing = BeginList();
        listing.Add(items);
        listing.Complete();
    }

    private void Replace(List<CacheEntry<TView>> fresh)
    {
        var changes = new List<(CacheEntry<TView>? Before, CacheEntry<TView>? After)>();
        lock (gate)
        {
            var gone = entries.Keys.ToHashSet();
            foreach (var after in fresh)
            {
                gone.Remove(after.Key);
                var before = Put(after);
                if (before?.ResourceVersion != after.ResourceVersion || before.Uid != after.Uid)
                    changes.Add((before, after));
            }
            foreach (var key in gone)
                changes.Add((Drop(key), null));
        }
        synced.TrySetResult();
        foreach (var (before, after) in changes)
            Changed?.Invoke(before, after);
    }

    private CacheEntry<TView>? Put(CacheEntry<TView> entry)
    {
        var before = Drop(entry.Key);
        entries[entry.Key] = entry;
        foreach (var (keysOf, map) in indexes.Values)
        {
            foreach (var key in keysOf(entry))
            {
                if (!map.TryGetValue(key, out var set))
                    map[key] = set = [];
                set.Add(entry.Key);
            }
        }
        return before;
    }

    private CacheEntry<TView>? Drop(NamespacedName key)
    {
        if (!entries.Remove(key, out var before))
            return null;
        foreach (var (keysOf, map) in indexes.Values)
        {
            foreach (var indexKey in keysOf(before))
            {
                if (map.TryGetValue(indexKey, out var set) && set.Remove(key) && set.Count == 0)
                    map.Remove(indexKey);
            }
        }
        return before;
    }

    private CacheEntry<TView> Read(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        return new CacheEntry<TView>(
            Key(metadata),
            metadata.GetProperty("uid").GetString()!,
            metadata.GetProperty("resourceVersion").GetString()!,
            project(item)
        );
    }

    private static NamespacedName Key(JsonElement metadata) =>
        new(metadata.TryGetProperty("namespace", out var ns) ? ns.GetString()! : string.Empty, metadata.GetProperty("name").GetString()!);

    private sealed class Listing(ObjectCache<TView> cache) : ICacheListing
    {
        private readonly List<CacheEntry<TView>> fresh = [];

        public void Add(IEnumerable<JsonElement> items) => fresh.AddRange(items.Select(cache.Read));

        public void Complete() => cache.Replace(fresh);
    }
}
