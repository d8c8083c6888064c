using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>A list that is being read into a cache. If it is not completed, the cache stays as it was.</summary>
public interface ICacheListing
{
    /// <summary>Takes a page. Its elements are read before the method returns, so the caller may free them afterwards.</summary>
    void Add(IEnumerable<JsonElement> items);

    /// <summary>Ends the list: objects that are not in it are dropped from the cache, each with a change.</summary>
    void Complete();
}
