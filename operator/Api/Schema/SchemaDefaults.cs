using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Api.Schema;

/// <summary>Defaults of a structural schema, filled in as an API server does before it validates. Pure.</summary>
public static class SchemaDefaults
{
    /// <summary>
    /// Gives each field that is absent, or null, the default that its schema names, at every depth. Where there is no default, a field that
    /// is null goes, unless its schema says nullable; entries of lists that are null stay.
    /// </summary>
    /// <param name="value">An object of the schema; it is changed.</param>
    /// <param name="schema">The schema, as in <c>openAPIV3Schema</c>.</param>
    public static void Complete(JsonNode? value, JsonObject schema)
    {
        switch (value)
        {
            case JsonObject fields when schema["properties"] is JsonObject properties:
                foreach (var (name, node) in properties)
                {
                    var property = node!.AsObject();
                    if (fields[name] is null && property["default"] is { } fallback)
                        fields[name] = fallback.DeepClone();
                    else
                        DropNull(fields, name, property);
                    Complete(fields[name], property);
                }
                break;
            case JsonObject entries when schema["additionalProperties"] is JsonObject entry:
                foreach (var name in entries.Select(member => member.Key).ToList())
                {
                    if (entries[name] is null && entry["default"] is { } fallback)
                        entries[name] = fallback.DeepClone();
                    else
                        DropNull(entries, name, entry);
                    Complete(entries[name], entry);
                }
                break;
            case JsonArray items when schema["items"] is JsonObject item:
                foreach (var node in items)
                    Complete(node, item);
                break;
        }
    }

    private static void DropNull(JsonObject fields, string name, JsonObject schema)
    {
        if (fields[name] is null && schema["nullable"]?.GetValueKind() != JsonValueKind.True)
            fields.Remove(name);
    }
}
