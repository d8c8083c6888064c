using System.Text.Json.Nodes;

namespace AgentReadiness.Api.Schema;

/// <summary>Defaults of a structural schema, filled in as an API server does. Pure.</summary>
public static class SchemaDefaults
{
    /// <summary>Gives each field that is absent, or null, the default that its schema names, at every depth.</summary>
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
                    Complete(fields[name], property);
                }
                break;
            case JsonObject entries when schema["additionalProperties"] is JsonObject entry:
                foreach (var (_, node) in entries)
                    Complete(node, entry);
                break;
            case JsonArray items when schema["items"] is JsonObject item:
                foreach (var node in items)
                    Complete(node, item);
                break;
        }
    }
}
