using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>A list on its way into a cache. One that is not completed leaves the cache as it was.</summary>
public interface ICacheListing
{
    /// <summary>Takes a page; its elements are read at once and may then go.</summary>
    void Add(IEnumerable<JsonElement> items);

    /// <summary>The list is whole: whatever is not in it is dropped, with a change for each.</summary>
    void Complete();
}
