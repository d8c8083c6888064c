using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// What was applied to a child and which version of the child came of it. While the cache shows that version, the child is as it
/// was left, and applying it again would only cost the API server work; any other version, newer or older, is applied again.
/// </summary>
public sealed class AppliedWrites
{
    private readonly ConcurrentDictionary<(ResourceType Resource, NamespacedName Key), (string Hash, string Uid, string Version)> known =
        new();

    /// <summary>True where the child is as a body says.</summary>
    public bool IsCurrent(ResourceType resource, NamespacedName key, JsonObject body, string? cachedUid, string? cachedVersion) =>
        known.TryGetValue((resource, key), out var entry)
        && entry.Uid == cachedUid
        && entry.Version == cachedVersion
        && entry.Hash == Hash(body);

    /// <summary>Notes what came of an apply.</summary>
    /// <returns>True where the apply set back what somebody else had changed since the last one.</returns>
    public bool Remember(ResourceType resource, NamespacedName key, JsonObject body, JsonObject result, string? cachedVersion)
    {
        var metadata = result["metadata"]!;
        var version = metadata["generation"]?.ToJsonString() ?? metadata["resourceVersion"]!.GetValue<string>();
        var uid = metadata["uid"]!.GetValue<string>();
        var hash = Hash(body);
        var before = known.GetValueOrDefault((resource, key));
        known[(resource, key)] = (hash, uid, version);
        // The same body led to another version than the last time: somebody had changed the object in between.
        return before.Hash == hash && before.Uid == uid && before.Version != version && cachedVersion != version;
    }

    /// <summary>Forgets a child that is deleted.</summary>
    public void Forget(ResourceType resource, NamespacedName key) => known.TryRemove((resource, key), out _);

    /// <summary>Forgets the children of an agent that is gone.</summary>
    public void Forget(string ns, string agent)
    {
        foreach (
            var key in known.Keys.Where(key =>
                key.Key.Namespace == ns && (key.Key.Name == agent || key.Key.Name.StartsWith(agent + "-", StringComparison.Ordinal))
            )
        )
            known.TryRemove(key, out _);
    }

    private static string Hash(JsonObject body) => Convert.ToHexString(SHA256.HashData(CanonicalJson.Serialize(body)));
}
