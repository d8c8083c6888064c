using System.Text.RegularExpressions;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>A sound object of each kind in which every field of the schema is set, made from the schema itself.</summary>
internal static class SchemaSample
{
    private static readonly string[] Texts =
    [
        "a",
        "1",
        "30s",
        "0.9",
        "0.1",
        "https://a.example/v1",
        "http://a.example",
        "/a",
        "True",
        "0123456789abcde",
        "0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "100Mi",
        "50%",
        "UTC",
    ];

    // Fields of which a rule allows only one, or one with another; the first is kept.
    private static readonly Dictionary<string, (string Path, string? Json)[]> Settled = new(StringComparer.Ordinal)
    {
        ["agentdeployments"] =
        [
            ("metadata.name", "\"support\""),
            ("spec.rollout.strategy", "\"Canary\""),
            ("spec.guardrails.tools.onToolError", "\"Stop\""),
            ("spec.guardrails.tools.schemaCheck", "\"Enforce\""),
            ("spec.guardrails.context.onOverflow", "\"Refuse\""),
            ("spec.evals[0].chaos.faults[0]", """{"fault":"InjectedText","tool":"a","percent":1,"text":"a"}"""),
            ("spec.guardrails.tools.failures[0].pattern", null),
            ("spec.guardrails.tools.failures[0].empty", null),
            (
                "spec.guardrails.upstreams",
                """
                [{"name":"a","format":"OpenAI","url":"https://a.example/v1","insecure":true,"proxy":"http://a.example",
                  "credentials":{"secretRef":{"name":"a","key":"a"}},"caConfigMapRef":{"name":"a","key":"a"},
                  "fallback":{"upstream":"b","models":{"a":"a"}}},
                 {"name":"b","format":"OpenAI","url":"https://a.example/v1"}]
                """
            ),
            ("spec.template", """{"spec":{"containers":[{"name":"agent","image":"agent:1"}]}}"""),
        ],
        ["evalsuites"] = [("spec.job", null), ("spec.external", null), ("spec.builtin.volume", null)],
    };

    /// <summary>An object of a kind.</summary>
    public static JsonObject Of(JsonObject definition, string ns)
    {
        var plural = CrdFolder.Plural(definition);
        var sample = KindSamples.Of(plural, ns);
        sample["spec"] = Value(CrdFolder.Schema(definition)["properties"]!["spec"]!.AsObject(), "spec");
        foreach (var (path, json) in Settled.GetValueOrDefault(plural) ?? [])
            Samples.Set(sample, path, json is null ? null : JsonNode.Parse(json));
        return sample;
    }

    private static JsonNode Value(JsonObject schema, string path)
    {
        switch (schema["type"]!.GetValue<string>())
        {
            case "string":
                return schema["enum"] is JsonArray words ? words[0]!.DeepClone() : Text(schema, path);
            case "integer":
                return Math.Max(1, schema["minimum"]?.GetValue<long>() ?? 1);
            case "boolean":
                return true;
            case "array":
                return new JsonArray(Value(schema["items"]!.AsObject(), $"{path}[]"));
            case var _ when schema["additionalProperties"] is JsonObject entry:
                return new JsonObject { ["a"] = Value(entry, path) };
            default:
                return new JsonObject(
                    (schema["properties"] as JsonObject ?? []).Select(property =>
                        KeyValuePair.Create(property.Key, (JsonNode?)Value(property.Value!.AsObject(), $"{path}.{property.Key}"))
                    )
                );
        }
    }

    private static string Text(JsonObject schema, string path) =>
        schema["format"]?.GetValue<string>() == "date-time"
            ? "2030-01-31T12:00:00Z"
            : Texts.FirstOrDefault(text =>
                text.Length >= (schema["minLength"]?.GetValue<long>() ?? 0)
                && text.Length <= (schema["maxLength"]?.GetValue<long>() ?? long.MaxValue)
                && Regex.IsMatch(text, schema["pattern"]?.GetValue<string>() ?? string.Empty)
            ) ?? throw new InvalidOperationException($"{path}: add a text that its pattern takes");
}
