using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>The JSON Schema keywords that the library enforces; each has a test. Everything else in a schema is refused.</summary>
internal static class JsonSchemaKeywords
{
    private const int MaxDepth = 32;

    private static readonly HashSet<string> Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    // Notes for people: nothing to enforce.
    private static readonly HashSet<string> Annotations = ["$schema", "$id", "$comment", "title", "description", "default", "examples"];

    /// <summary>
    /// Checks a schema, and writes what the library does not know in a form that it does: <c>const</c> becomes an <c>enum</c> of one.
    /// </summary>
    /// <exception cref="FormatException">The message names the place.</exception>
    public static void Check(JsonObject schema, string path, JsonObject? root = null)
    {
        root ??= schema;
        if (path.Count(character => character == '.') > MaxDepth)
            throw new FormatException($"nests deeper than {MaxDepth}");
        foreach (var (keyword, value) in schema.ToList())
        {
            var place = $"{path}.{keyword}";
            switch (keyword)
            {
                case var _ when Annotations.Contains(keyword):
                    schema.Remove(keyword);
                    break;
                case "type":
                    var types = value is JsonArray list ? [.. list.Select(Text)] : new[] { Text(value) };
                    Require(
                        types.Length > 0 && types.All(type => type is not null && Types.Contains(type)),
                        place,
                        "must be a type of JSON Schema or a list of them"
                    );
                    break;
                case "enum":
                    Require(value is JsonArray { Count: > 0 }, place, "must be a list");
                    break;
                case "const":
                    Require(schema["enum"] is null, place, "cannot stand beside enum");
                    schema.Remove("const");
                    schema["enum"] = new JsonArray(value?.DeepClone());
                    break;
                case "properties" or "definitions" or "$defs" or "patternProperties":
                    Require(value is JsonObject, place, "must be an object");
                    foreach (var (name, inner) in value!.AsObject().ToList())
                    {
                        if (keyword == "patternProperties")
                            RequirePattern(name, place);
                        Check(Schema(inner, $"{place}.{name}"), $"{place}.{name}", root);
                    }
                    break;
                case "items" or "not":
                    Check(Schema(value, place), place, root);
                    break;
                case "additionalProperties":
                    if (value is not JsonValue flag || !flag.TryGetValue<bool>(out _))
                        Check(Schema(value, place), place, root);
                    break;
                case "allOf" or "anyOf" or "oneOf":
                    Require(value is JsonArray { Count: > 0 }, place, "must be a list of schemas");
                    foreach (var (inner, index) in value!.AsArray().Select((inner, index) => (inner, index)).ToList())
                        Check(Schema(inner, $"{place}[{index}]"), $"{place}[{index}]", root);
                    break;
                case "required":
                    Require(value is JsonArray names && names.All(name => Text(name) is not null), place, "must be a list of names");
                    break;
                case "minLength" or "maxLength" or "minItems" or "maxItems" or "minProperties" or "maxProperties":
                    Require(
                        value is JsonValue count && count.TryGetValue<int>(out var number) && number >= 0,
                        place,
                        "must be a whole number, not negative"
                    );
                    break;
                case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf":
                    Require(
                        value is JsonValue bound && bound.TryGetValue<decimal>(out var limit) && (keyword != "multipleOf" || limit > 0),
                        place,
                        "must be a number"
                    );
                    break;
                case "uniqueItems":
                    Require(value is JsonValue unique && unique.TryGetValue<bool>(out _), place, "must be true or false");
                    break;
                case "pattern":
                    RequirePattern(Text(value), place);
                    break;
                case "$ref":
                    Require(
                        Text(value) is { } target && Resolves(root, target),
                        place,
                        "must point to a place in this schema, for example \"#/definitions/x\""
                    );
                    Require(schema.Count == 1, place, "must stand alone: what stands beside it would be ignored");
                    break;
                default:
                    throw new FormatException($"{place.TrimStart('.')}: this keyword is not enforced by the runner; remove it");
            }
        }
    }

    private static JsonObject Schema(JsonNode? node, string place) =>
        node as JsonObject ?? throw new FormatException($"{place.TrimStart('.')}: must be a schema, written as an object");

    private static void RequirePattern(string? pattern, string place)
    {
        Require(pattern is not null, place, "must be a regular expression");
        try
        {
            _ = new Regex(pattern!, RegexOptions.ECMAScript, RegexGrader.Timeout);
        }
        catch (ArgumentException)
        {
            throw new FormatException($"{place.TrimStart('.')}: is not a regular expression");
        }
    }

    private static bool Resolves(JsonObject root, string target)
    {
        if (target == "#")
            return true;
        if (!target.StartsWith("#/", StringComparison.Ordinal))
            return false;
        JsonNode? node = root;
        foreach (var segment in target[2..].Split('/'))
        {
            node = (node as JsonObject)?[segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)];
        }
        return node is JsonObject;
    }

    private static string? Text(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    private static void Require(bool holds, string place, string problem)
    {
        if (!holds)
            throw new FormatException($"{place.TrimStart('.')}: {problem}");
    }
}
