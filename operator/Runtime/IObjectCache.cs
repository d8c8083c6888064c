using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>What caches of any view have in common.</summary>
public interface IObjectCache
{
    /// <summary>The resource that it mirrors.</summary>
    ResourceType Resource { get; }

    /// <summary>The label selector that limits it, or null.</summary>
    string? LabelSelector { get; }

    /// <summary>The only object that it mirrors, for which a right on one name is enough; null: all objects.</summary>
    NamespacedName? Only { get; }

    /// <summary>
    /// The server is asked for the metadata of the objects, and sends nothing else of them: for kinds whose content is nobody's business.
    /// </summary>
    bool MetadataOnly { get; }

    /// <summary>
    /// Raised for an object that cannot be read, and is kept out of the cache or reduced, and for whoever is told of changes and fails: one
    /// object's fault is that object's alone. The key is null where not even that can be read.
    /// </summary>
    event Action<NamespacedName?, Exception>? Faulted;

    /// <summary>True once the first list is in.</summary>
    bool IsSynced { get; }

    /// <summary>Completes when the first list is in.</summary>
    Task Synced { get; }

    /// <summary>Takes an object from the wire.</summary>
    void Upsert(JsonElement item);

    /// <summary>Drops an object.</summary>
    void Delete(JsonElement item);

    /// <summary>Begins to take a whole list, object by object. Nothing changes before its end.</summary>
    ICacheListing BeginList();

    /// <summary>Takes a whole list: whatever is not in it is dropped, with a change for each.</summary>
    void Replace(IEnumerable<JsonElement> items);
}
