using System.Text.Json;

namespace AgentReadiness.Runtime;

/// <summary>A list that is being read into a cache. If it is not completed, the cache stays as it was.</summary>
public interface ICacheListing
{
    /// <summary>Takes an object. It is read before the method returns, so the caller may free it afterwards.</summary>
    void Add(JsonElement item);

    /// <summary>Ends the list: objects that are not in it are dropped from the cache, each with a change.</summary>
    void Complete();
}
