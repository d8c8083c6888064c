using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// Checks a value against a structural schema as an API server does that validates strictly: all problems at once. The keywords are a
/// closed list: one that is not known here is told as unchecked.
/// </summary>
internal sealed class SchemaWalk
{
    private static readonly HashSet<string> Known =
    [
        "description",
        "type",
        "format",
        "properties",
        "additionalProperties",
        "required",
        "items",
        "enum",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "default",
        "nullable",
        "x-kubernetes-validations",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-int-or-string",
    ];

    /// <summary>What is wrong.</summary>
    public List<SchemaProblem> Problems { get; } = [];

    /// <summary>What this program cannot check, for people.</summary>
    public List<string> Unchecked { get; } = [];

    /// <summary>Checks a value and what is below it.</summary>
    /// <param name="node">The value, with the defaults filled in.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="path">Where it is; empty for the object.</param>
    public void Value(JsonNode? node, JsonObject schema, string path)
    {
        foreach (var (keyword, _) in schema)
        {
            if (!Known.Contains(keyword))
                Unchecked.Add($"{path}: the keyword {keyword} of the schema");
        }
        if (node is null)
        {
            if (!IsTrue(schema["nullable"]))
                Add(ProblemKind.Type, path, "must not be null: leave it out");
            return;
        }
        var before = Problems.Count;
        if (!HasType(node, schema, path))
            return;
        switch (node)
        {
            case JsonObject map:
                Members(map, schema, path);
                break;
            case JsonArray list:
                Items(list, schema, path);
                break;
            default:
                ScalarChecks.Check(node, schema, path, this);
                break;
        }
        // A server does not evaluate the rules of an object that is invalid already.
        if (Problems.Count == before)
            Rules(node, schema, path);
    }

    /// <summary>Adds a problem.</summary>
    public void Add(ProblemKind kind, string path, string message) => Problems.Add(new SchemaProblem(kind, path, message));

    /// <summary>The path of a member.</summary>
    public static string Member(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Whether a keyword is there and true.</summary>
    public static bool IsTrue(JsonNode? keyword) => keyword?.GetValueKind() == JsonValueKind.True;

    private bool HasType(JsonNode node, JsonObject schema, string path)
    {
        var kind = node.GetValueKind();
        if (IsTrue(schema["x-kubernetes-int-or-string"]))
            return kind == JsonValueKind.String || ScalarChecks.IsWhole(node) || No("a whole number, or a text");
        switch (schema["type"]?.GetValue<string>())
        {
            case null:
                return true;
            case "object":
                return kind == JsonValueKind.Object || No("an object");
            case "array":
                return kind == JsonValueKind.Array || No("a list");
            case "boolean":
                return kind is JsonValueKind.True or JsonValueKind.False || No("true or false");
            case "integer":
                return ScalarChecks.IsWhole(node) || No("a whole number");
            case "number":
                return kind == JsonValueKind.Number || No("a number");
            case "string" when schema["enum"] is JsonArray words:
                return kind == JsonValueKind.String || No(ScalarChecks.OneOf(words));
            case "string":
                return kind == JsonValueKind.String || No("a text: put it in quotes");
            case var type:
                Unchecked.Add($"{path}: the type {type} of the schema");
                return false;
        }

        bool No(string what)
        {
            Add(ProblemKind.Type, path, $"must be {what}");
            return false;
        }
    }

    private void Members(JsonObject map, JsonObject schema, string path)
    {
        var properties = schema["properties"] as JsonObject;
        foreach (var (name, value) in map)
        {
            if (properties?[name] is JsonObject property)
                Value(value, property, Member(path, name));
            else if (schema["additionalProperties"] is JsonObject entry)
                Value(value, entry, Member(path, name));
            else if (!IsTrue(schema["x-kubernetes-preserve-unknown-fields"]))
                Add(
                    ProblemKind.Unknown,
                    Member(path, name),
                    properties is null
                        ? "is not a field"
                        : $"is not a field; known are {string.Join(", ", properties.Select(known => known.Key))}"
                );
        }
        foreach (var name in (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()))
        {
            if (!map.ContainsKey(name))
                Add(ProblemKind.Missing, Member(path, name), "is missing");
        }
        Count(map.Count, schema, ("minProperties", "maxProperties"), path);
    }

    private void Items(JsonArray list, JsonObject schema, string path)
    {
        Count(list.Count, schema, ("minItems", "maxItems"), path);
        if (schema["items"] is JsonObject item)
        {
            for (var i = 0; i < list.Count; i++)
                Value(list[i], item, $"{path}[{i}]");
        }
        var keys = (schema["x-kubernetes-list-map-keys"] as JsonArray ?? []).Select(key => key!.GetValue<string>()).ToList();
        switch (schema["x-kubernetes-list-type"]?.GetValue<string>())
        {
            case null or "atomic":
                break;
            case "set":
                Distinct(list, path, entry => entry?.ToJsonString(), "is in the list twice: remove one");
                break;
            case "map":
                Distinct(
                    list,
                    path,
                    entry => entry is JsonObject map ? string.Join('\n', keys.Select(key => map[key]?.ToJsonString())) : null,
                    $"has the same {string.Join(" and ", keys)} as an entry before it: each one may be there once"
                );
                break;
            case var type:
                Unchecked.Add($"{path}: the list type {type} of the schema");
                break;
        }
    }

    private void Distinct(JsonArray list, string path, Func<JsonNode?, string?> identity, string problem)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            if (identity(list[i]) is { } known && !seen.Add(known))
                Add(ProblemKind.Value, $"{path}[{i}]", problem);
        }
    }

    private void Count(int count, JsonObject schema, (string Least, string Most) keywords, string path)
    {
        var least = schema[keywords.Least]?.GetValue<long>() ?? 0;
        var most = schema[keywords.Most]?.GetValue<long>() ?? long.MaxValue;
        if (count < least)
            Add(ProblemKind.Value, path, $"has {count} entries and must have at least {least}");
        if (count > most)
            Add(ProblemKind.Value, path, $"has {count} entries and may have at most {most}");
    }

    private void Rules(JsonNode node, JsonObject schema, string path)
    {
        foreach (var entry in schema["x-kubernetes-validations"] as JsonArray ?? [])
        {
            var rule = entry!["rule"]!.GetValue<string>();
            var message = entry["message"]?.GetValue<string>() ?? $"breaks the rule {rule}";
            var place = path.Length == 0 ? "the object" : path;
            if (CelRules.IsAboutChanges(rule))
            {
                Unchecked.Add($"{place}: {message} (a rule about changes: {rule})");
                continue;
            }
            var answer = CelRules.Evaluate(rule, node);
            if (answer.Holds is null)
                Unchecked.Add($"{place}: {message} (the rule {rule} cannot be evaluated here: {answer.Why})");
            else if (answer.Holds == false)
                // The path of a rule that begins with the field that it is about says more than that of the object.
                Add(
                    ProblemKind.Rule,
                    path.Length == 0 && rule.StartsWith("self.metadata.name", StringComparison.Ordinal) ? "metadata.name" : place,
                    message
                );
        }
    }
}
