using System.Globalization;
using System.Text.Json.Nodes;

namespace AgentReadiness.Runtime;

/// <summary>
/// The resource versions that the API server answered to this process's writes, kept until the cache shows them, so that nothing
/// is decided on an object as it was before its own last change. <see cref="KubernetesApi"/> notes them,
/// <see cref="ControllerWorker{TEntity}"/> asks; a controller's author has nothing to do. Only kinds that a controller reconciles are kept.
/// </summary>
/// <remarks>
/// A version may never appear: the object was deleted and made anew, or the server's data restored from a backup. So a write counts
/// for <see cref="LongestWait"/> and no longer, which also bounds the memory.
/// </remarks>
/// <param name="time">The clock.</param>
public sealed class OwnWrites(TimeProvider time)
{
    /// <summary>How long after a write a cache is waited for; 30 seconds.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private const int FirstSweep = 1024;
    private readonly Lock gate = new();
    private readonly HashSet<ResourceType> tracked = [];
    private readonly Dictionary<(ResourceType Resource, NamespacedName Key), (string Version, bool Goes, long At)> writes = [];
    private int sweepAt = FirstSweep;

    /// <summary>Keeps the writes to a kind from now on.</summary>
    public void Track(ResourceType resource)
    {
        lock (gate)
            tracked.Add(resource);
    }

    /// <summary>Notes a write, from the object that the server answered; anything else, a Status for example, is passed over.</summary>
    public void Remember(ResourceType resource, JsonObject answer)
    {
        if (
            answer["metadata"] is not JsonObject metadata
            || metadata["resourceVersion"] is not JsonValue version
            || metadata["name"] is not JsonValue name
        )
            return;
        // The last finalizer was removed, which deleted the object. The cache will show no newer version of it, only its deletion.
        var goes =
            metadata["deletionTimestamp"] is not null
            && metadata["finalizers"] is not JsonArray { Count: > 0 }
            && (int?)metadata["deletionGracePeriodSeconds"] is null or 0;
        var key = (resource, new NamespacedName((string?)metadata["namespace"] ?? string.Empty, (string)name!));
        lock (gate)
        {
            if (!tracked.Contains(resource) || (writes.TryGetValue(key, out var known) && !goes && Shows(known.Version, (string)version!)))
                return;
            if (writes.Count >= sweepAt)
                Sweep();
            writes[key] = ((string)version!, goes, time.GetTimestamp());
        }
    }

    /// <summary>Forgets a write that a cache shows.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="version">Its version in the cache; null: it is gone, and its writes with it.</param>
    public void Seen(ResourceType resource, NamespacedName key, string? version)
    {
        lock (gate)
        {
            if (writes.TryGetValue((resource, key), out var write) && (version is null || Shows(version, write.Version, write.Goes)))
                writes.Remove((resource, key));
        }
    }

    /// <summary>Says whether an object may be decided on.</summary>
    /// <param name="resource">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="version">Its version in the cache; null where the cache does not hold it.</param>
    /// <param name="wait">Where it is <see cref="OwnWriteState.Awaited"/>: how long at most.</param>
    public OwnWriteState Check(ResourceType resource, NamespacedName key, string? version, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        lock (gate)
        {
            if (!writes.TryGetValue((resource, key), out var write))
                return OwnWriteState.Seen;
            var shown = version is null ? write.Goes : Shows(version, write.Version, write.Goes);
            wait = LongestWait - time.GetElapsedTime(write.At);
            if (!shown && wait > TimeSpan.Zero)
                return OwnWriteState.Awaited;
            writes.Remove((resource, key));
            return shown ? OwnWriteState.Seen : OwnWriteState.GivenUp;
        }
    }

    // Versions are decimal numbers that grow with each write (KEP-5504); a server that has others can only be asked for equality.
    // After a deletion only a new object of the same name has a newer version.
    private static bool Shows(string cached, string written, bool goes = false) =>
        (!goes || cached != written)
        && (
            ulong.TryParse(cached, NumberStyles.None, CultureInfo.InvariantCulture, out var left)
            && ulong.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var right)
                ? left >= right
                : cached == written
        );

    // For objects that no cache ever shows, as its selector leaves them out.
    private void Sweep()
    {
        foreach (var (key, _) in writes.Where(write => time.GetElapsedTime(write.Value.At) >= LongestWait).ToList())
            writes.Remove(key);
        sweepAt = Math.Max(FirstSweep, writes.Count * 2);
    }
}
