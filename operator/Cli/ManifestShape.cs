using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;

namespace AgentReadiness.Cli;

/// <summary>
/// What the API server's schema says about a manifest before any rule: unknown fields, wrong types, missing fields, unknown words.
/// A mistyped field is dropped without a sound by a server that does not validate strictly, and with it the limit that it declared.
/// </summary>
internal static class ManifestShape
{
    /// <summary>The problems of an AgentDeployment's spec.</summary>
    public static IReadOnlyList<FieldProblem> Check(JsonObject agent)
    {
        var problems = new List<FieldProblem>();
        foreach (var (name, _) in agent)
        {
            if (name is not ("apiVersion" or "kind" or "metadata" or "spec" or "status"))
                problems.Add(new FieldProblem(name, "is not a field of an AgentDeployment"));
        }
        if (agent["metadata"] is not JsonObject)
            problems.Add(new FieldProblem("metadata", "must be an object"));
        if (agent["spec"] is null)
            problems.Add(new FieldProblem("spec", "is missing"));
        else
            Value(agent["spec"], typeof(AgentDeploymentSpec), "spec", problems);
        return problems;
    }

    private static void Value(JsonNode? node, Type declared, string field, List<FieldProblem> problems)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var kind = node?.GetValueKind() ?? JsonValueKind.Null;
        if (kind == JsonValueKind.Null)
        {
            problems.Add(new FieldProblem(field, "must not be null: leave it out"));
            return;
        }
        void Require(bool holds, string what)
        {
            if (!holds)
                problems.Add(new FieldProblem(field, $"must be {what}"));
        }

        if (type == typeof(string) || type == typeof(Money))
        {
            Require(kind == JsonValueKind.String, "a text: put it in quotes");
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            Require(
                kind == JsonValueKind.Number
                    && double.IsInteger(double.Parse(node!.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)),
                "a whole number"
            );
        }
        else if (type == typeof(bool))
        {
            Require(kind is JsonValueKind.True or JsonValueKind.False, "true or false");
        }
        else if (type == typeof(JsonObject))
        {
            Require(kind == JsonValueKind.Object, "an object");
        }
        else if (type.IsEnum)
        {
            Require(
                kind == JsonValueKind.String && Enum.GetNames(type).Contains(node!.GetValue<string>(), StringComparer.Ordinal),
                $"one of {string.Join(", ", Enum.GetNames(type))}"
            );
        }
        else if (typeof(IEnumerable).IsAssignableFrom(type))
        {
            Require(kind == JsonValueKind.Array, "a list");
            foreach (var (item, index) in (node as JsonArray ?? []).Select((item, index) => (item, index)))
                Value(item, type.GetGenericArguments()[0], $"{field}[{index}]", problems);
        }
        else
        {
            Require(kind == JsonValueKind.Object, "an object");
            if (node is JsonObject map)
                Members(map, type, field, problems);
        }
    }

    private static void Members(JsonObject map, Type type, string field, List<FieldProblem> problems)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name), StringComparer.Ordinal);
        foreach (var (name, value) in map)
        {
            if (!properties.TryGetValue(name, out var property))
                problems.Add(new FieldProblem($"{field}.{name}", $"is not a field; known are {string.Join(", ", properties.Keys)}"));
            // The server puts the default in the place of a null; without a default it refuses.
            else if (value is not null || property.GetCustomAttribute<DefaultJsonAttribute>() is null)
                Value(value, property.PropertyType, $"{field}.{name}", problems);
        }
        foreach (var (name, property) in properties)
        {
            if (property.GetCustomAttribute<RequiredAttribute>() is not null && !map.ContainsKey(name))
                problems.Add(new FieldProblem($"{field}.{name}", "is missing"));
        }
    }
}
