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
    public event Action<NamespacedName?, Exception>? Faulted;

    /// <summary>
    /// Makes the view of an object whose own view cannot be made: what can be read of it, with what is wrong. Null: such objects are not in
    /// the cache.
    /// </summary>
    public Func<JsonElement, Exception, TView>? Reduce { get; set; }

    /// <inheritdoc/>
    public ResourceType Resource { get; } = resource;

    /// <inheritdoc/>
    public string? LabelSelector { get; } = labelSelector;

    /// <inheritdoc/>
    public NamespacedName? Only { get; init; }

    /// <inheritdoc/>
    public bool MetadataOnly { get; init; }

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
        if (Read(item) is not { } after)
        {
            // What is known of it is older than what it is now.
            if (KeyOf(item) is { } key)
                Delete(key);
            return;
        }
        CacheEntry<TView>? before;
        lock (gate)
            before = Put(after);
        Tell(before, after);
    }

    /// <inheritdoc/>
    public void Delete(JsonElement item)
    {
        if (KeyOf(item) is { } key)
            Delete(key);
    }

    /// <inheritdoc/>
    public ICacheListing BeginList() => new Listing(this);

    /// <inheritdoc/>
    public void Replace(IEnumerable<JsonElement> items)
    {
        var listing = BeginList();
        foreach (var item in items)
            listing.Add(item);
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
            Tell(before, after);
    }

    private void Delete(NamespacedName key)
    {
        CacheEntry<TView>? before;
        lock (gate)
            before = Drop(key);
        if (before is not null)
            Tell(before, null);
    }

    private void Tell(CacheEntry<TView>? before, CacheEntry<TView>? after)
    {
        foreach (var told in Delegate.EnumerateInvocationList(Changed))
        {
            try
            {
                told(before, after);
            }
            catch (Exception exception)
            {
                // Whoever fails over one object is told of the next one, and so are the others of this one.
                Faulted?.Invoke((after ?? before)!.Key, exception);
            }
        }
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

    /// <summary>The entry of an object; null where it cannot be read.</summary>
    private CacheEntry<TView>? Read(JsonElement item)
    {
        try
        {
            return Entry(item, project(item));
        }
        catch (Exception exception)
        {
            Faulted?.Invoke(KeyOf(item), exception);
            try
            {
                return Reduce is null ? null : Entry(item, Reduce(item, exception));
            }
            catch (Exception again)
            {
                Faulted?.Invoke(KeyOf(item), again);
                return null;
            }
        }
    }

    private CacheEntry<TView> Entry(JsonElement item, TView view)
    {
        var metadata = item.GetProperty("metadata");
        var entry = new CacheEntry<TView>(
            KeyOf(item) ?? throw new FormatException("metadata.name is missing"),
            metadata.GetProperty("uid").GetString() ?? throw new FormatException("metadata.uid is missing"),
            metadata.GetProperty("resourceVersion").GetString() ?? throw new FormatException("metadata.resourceVersion is missing"),
            view
        );
        // An entry without index keys could neither be put in nor taken out.
        foreach (var (keysOf, _) in indexes.Values)
            _ = keysOf(entry).Count();
        return entry;
    }

    private static NamespacedName? KeyOf(JsonElement item) =>
        Member(item, "metadata") is { } metadata && Member(metadata, "name") is { ValueKind: JsonValueKind.String } name
            ? new(
                Member(metadata, "namespace") is { ValueKind: JsonValueKind.String } ns ? ns.GetString()! : string.Empty,
                name.GetString()!
            )
            : null;

    private static JsonElement? Member(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var member) ? member : null;

    private sealed class Listing(ObjectCache<TView> cache) : ICacheListing
    {
        private readonly List<CacheEntry<TView>> fresh = [];

        public void Add(JsonElement item)
        {
            if (cache.Read(item) is { } entry)
                fresh.Add(entry);
        }

        public void Complete() => cache.Replace(fresh);
    }
}
