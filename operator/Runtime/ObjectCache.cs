using System.Text.Json;

namespace AgentReadiness.Runtime;

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
