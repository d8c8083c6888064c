using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Schema;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Cli;

/// <summary>
/// What the API server's schema says about a manifest before any rule: unknown fields, wrong types, missing fields, unknown words.
/// A server that does not validate strictly drops a mistyped field without a word, and with it the limit that the field declared.
/// </summary>
internal static class ManifestShape
{
    /// <summary>The problems of an AgentDeployment's spec.</summary>
    public static IReadOnlyList<Finding> Check(JsonObject agent)
    {
        var findings = new FindingList();
        foreach (var (name, _) in agent)
        {
            if (name is not ("apiVersion" or "kind" or "metadata" or "spec" or "status"))
                findings.Add(ManifestChecks.KnownField, name, "is not a field of an AgentDeployment");
        }
        if (agent["metadata"] is not JsonObject)
            findings.Add(ManifestChecks.FieldType, "metadata", "must be an object");
        if (agent["spec"] is null)
            findings.Add(ManifestChecks.RequiredField, "spec", "is missing");
        else
            Value(agent["spec"], typeof(AgentDeploymentSpec), "spec", findings);
        return findings;
    }

    private static void Value(JsonNode? node, Type declared, string field, FindingList findings)
    {
        var type = Nullable.GetUnderlyingType(declared) ?? declared;
        var kind = node?.GetValueKind() ?? JsonValueKind.Null;
        if (kind == JsonValueKind.Null)
        {
            findings.Add(ManifestChecks.FieldType, field, "must not be null: leave it out");
            return;
        }
        void Require(bool holds, string what)
        {
            if (!holds)
                findings.Add(ManifestChecks.FieldType, field, $"must be {what}");
        }

        if (type == typeof(string) || type == typeof(Money))
        {
            Require(kind == JsonValueKind.String, "a text: put it in quotes");
        }
        else if (type == typeof(int) || type == typeof(long))
        {
            Require(
                kind == JsonValueKind.Number && double.IsInteger(double.Parse(node!.ToJsonString(), CultureInfo.InvariantCulture)),
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
        else if (type == typeof(DateTime))
        {
            Require(
                kind == JsonValueKind.String
                    && DateTimeOffset.TryParseExact(
                        node!.GetValue<string>(),
                        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"],
                        CultureInfo.InvariantCulture,
                        DateTimeStyles.None,
                        out _
                    ),
                "a time such as \"2030-01-31T12:00:00Z\""
            );
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
                Value(item, type.GetGenericArguments()[0], $"{field}[{index}]", findings);
        }
        else
        {
            Require(kind == JsonValueKind.Object, "an object");
            if (node is JsonObject map)
                Members(map, type, field, findings);
        }
    }

    private static void Members(JsonObject map, Type type, string field, FindingList findings)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name), StringComparer.Ordinal);
        foreach (var (name, value) in map)
        {
            if (!properties.TryGetValue(name, out var property))
                findings.Add(
                    ManifestChecks.KnownField,
                    $"{field}.{name}",
                    $"is not a field; known are {string.Join(", ", properties.Keys)}"
                );
            // The server replaces null by the default of the field, and refuses null where there is no default.
            else if (value is not null || property.GetCustomAttribute<DefaultJsonAttribute>() is null)
                Value(value, property.PropertyType, $"{field}.{name}", findings);
        }
        foreach (var (name, property) in properties)
        {
            if (property.GetCustomAttribute<RequiredAttribute>() is not null && !map.ContainsKey(name))
                findings.Add(ManifestChecks.RequiredField, $"{field}.{name}", "is missing");
        }
    }
}
