using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// An object without what its schema refuses, so that the operator's rules can look at the rest: all problems are told at once. What was
/// taken away or made up is remembered, and what a rule says of it counts nothing.
/// </summary>
internal sealed class ReadableObject
{
    private readonly List<string> broken = [];
    private readonly List<string> unreadable = [];

    private ReadableObject(JsonObject tree, JsonObject schema)
    {
        var specSchema = schema["properties"]!["spec"]!.AsObject();
        var spec = Part(tree["spec"], specSchema, "spec");
        if (spec is null)
            broken.Add("spec");
        var metadata = new JsonObject();
        foreach (var field in (string[])["name", "namespace"])
        {
            if ((tree["metadata"] as JsonObject)?[field] is { } value && value.GetValueKind() == JsonValueKind.String)
                metadata[field] = value.DeepClone();
        }
        Tree = new JsonObject
        {
            ["apiVersion"] = tree["apiVersion"]?.DeepClone(),
            ["kind"] = tree["kind"]?.DeepClone(),
            ["metadata"] = metadata,
            ["spec"] = spec ?? Placeholder(specSchema),
        };
    }

    /// <summary>The object.</summary>
    public JsonObject Tree { get; }

    /// <summary>Values that the schema takes and the operator cannot read.</summary>
    public IReadOnlyList<string> Unreadable => unreadable;

    /// <summary>Makes an object readable.</summary>
    /// <param name="tree">The object as the API server would store it, with its defaults.</param>
    /// <param name="schema">The schema of its kind.</param>
    public static ReadableObject Of(JsonObject tree, JsonObject schema) => new(tree, schema);

    /// <summary>Whether a field is, is in or holds what was taken away or made up.</summary>
    public bool IsBroken(string field) => broken.Any(path => Paths.AreRelated(path, field));

    // Null where the value cannot be read at all; its parent then does without it.
    private JsonNode? Part(JsonNode? node, JsonObject schema, string path) =>
        (node, schema["type"]?.GetValue<string>()) switch
        {
            (JsonObject map, "object") when schema["properties"] is JsonObject properties => Members(map, properties, schema, path),
            (JsonObject map, "object") when schema["additionalProperties"] is JsonObject entry => Entries(map, entry, path),
            (JsonObject map, "object") => map.DeepClone(),
            (JsonArray list, "array") => Items(list, schema["items"]!.AsObject(), path),
            (JsonValue value, _) when IsReadable(value, schema, path) => value.DeepClone(),
            _ => null,
        };

    private JsonObject Members(JsonObject map, JsonObject properties, JsonObject schema, string path)
    {
        var members = new JsonObject();
        var required = (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, node) in properties)
        {
            var property = node!.AsObject();
            var member = Part(map[name], property, SchemaWalk.Member(path, name));
            if (member is null && (map.ContainsKey(name) || required.Contains(name)))
                broken.Add(SchemaWalk.Member(path, name));
            if (member is not null || required.Contains(name))
                members[name] = member ?? Placeholder(property);
        }
        return members;
    }

    private JsonObject? Entries(JsonObject map, JsonObject entry, string path)
    {
        var entries = map.Select(member => KeyValuePair.Create(member.Key, Part(member.Value, entry, SchemaWalk.Member(path, member.Key))))
            .ToList();
        return entries.Any(member => member.Value is null) ? null : new JsonObject(entries);
    }

    // The places of the entries must stay as they are.
    private JsonArray? Items(JsonArray list, JsonObject item, string path)
    {
        var items = list.Select((entry, index) => Part(entry, item, $"{path}[{index}]")).ToList();
        return items.Contains(null) ? null : new JsonArray([.. items]);
    }

    private bool IsReadable(JsonValue value, JsonObject schema, string path)
    {
        switch (schema["type"]?.GetValue<string>(), value.GetValueKind())
        {
            case ("boolean", JsonValueKind.True or JsonValueKind.False):
                return true;
            case ("integer", JsonValueKind.Number):
                return value.TryGetValue<long>(out var number)
                    && (schema["format"]?.GetValue<string>() != "int32" || (int)number == number);
            case ("string", JsonValueKind.String):
                var text = value.GetValue<string>();
                return schema["enum"] is JsonArray words
                    ? words.Any(word => word!.GetValue<string>() == text)
                    : schema["format"]?.GetValue<string>() != "date-time" || IsTime(text, path);
            default:
                return false;
        }
    }

    // The operator takes fewer forms of a time than the API server.
    private bool IsTime(string text, string path)
    {
        if (!DateTimeFormat.IsValid(text))
            return false;
        try
        {
            KubernetesJson.Deserialize<DateTimeOffset>(JsonSerializer.Serialize(text));
            return true;
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            unreadable.Add(path);
            return false;
        }
    }

    private static JsonNode Placeholder(JsonObject schema) =>
        schema["default"]?.DeepClone()
        ?? schema["type"]!.GetValue<string>() switch
        {
            "string" when schema["enum"] is JsonArray words => words[0]!.DeepClone(),
            "string" when schema["format"]?.GetValue<string>() == "date-time" => "2030-01-01T00:00:00Z",
            "string" => string.Empty,
            "integer" => schema["minimum"]?.DeepClone() ?? 0,
            "boolean" => false,
            "array" => new JsonArray(),
            _ => new JsonObject(
                (schema["required"] as JsonArray ?? []).Select(name =>
                    KeyValuePair.Create(
                        name!.GetValue<string>(),
                        (JsonNode?)Placeholder(schema["properties"]![name.GetValue<string>()]!.AsObject())
                    )
                )
            ),
        };
}
