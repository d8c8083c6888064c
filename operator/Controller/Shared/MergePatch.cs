using System.Text.Json.Nodes;

namespace AgentReadiness.Controller.Shared;

/// <summary>JSON Merge Patch, RFC 7396.</summary>
internal static class MergePatch
{
    /// <summary>The patch that makes one tree of another; empty where they are equal. Lists are replaced whole.</summary>
    public static JsonObject Diff(JsonObject before, JsonObject after)
    {
        var patch = new JsonObject();
        foreach (var (name, value) in after)
        {
            if (before[name] is JsonObject old && value is JsonObject changed)
            {
                var inner = Diff(old, changed);
                if (inner.Count > 0)
                    patch[name] = inner;
            }
            else if (!JsonNode.DeepEquals(before[name], value))
            {
                patch[name] = value?.DeepClone();
            }
        }
        foreach (var (name, value) in before)
        {
            if (value is not null && !after.ContainsKey(name))
                patch[name] = null;
        }
        return patch;
    }
}
