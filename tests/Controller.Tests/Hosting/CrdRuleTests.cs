using System.Collections;
using AgentReadiness.Api.Schema;
using AgentReadiness.Controller.Hosting;
using Cel;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// The CEL rules of the generated definitions, without a server: a current one refuses a definition one of whose defaults breaks a rule or
/// lacks a key that a rule reads, and with it the whole installation.
/// </summary>
public sealed class CrdRuleTests
{
    private const string Rules = "x-kubernetes-validations";

    public static TheoryData<string> Kinds => [.. CrdGenerator.Kinds.Select(CrdGenerator.NameOf)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_default_obeys_the_rules_as_it_is_written(string name)
    {
        foreach (var (path, node) in Nodes(Schema(name), ""))
        {
            if (node["default"] is { } fallback)
                Faults(node, fallback, path).ShouldBeEmpty($"{name}: the default of {path} is {fallback.ToJsonString()}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void No_rule_reads_a_key_that_may_be_absent_and_each_one_can_be_obeyed_with_the_defaults(string name)
    {
        foreach (var (path, node) in Nodes(Schema(name), ""))
        {
            foreach (var rule in Expressions(node))
            {
                var answers = new List<bool>();
                foreach (var value in Values(node))
                {
                    SchemaDefaults.Complete(value, node);
                    if (rule.Contains("oldSelf", StringComparison.Ordinal))
                        continue;
                    Should.NotThrow(() => answers.Add(Evaluate(rule, value)), $"{name}: {path}: {rule}: {value.ToJsonString()}");
                }
                if (answers.Count > 0)
                    answers.ShouldContain(true, $"{name}: {path}: {rule}: no object obeys it");
            }
        }
    }

    [Theory]
    [InlineData("""{}""", """{"properties":{"a":{"type":"string"}},"x-kubernetes-validations":[{"rule":"self.a == 'x'"}]}""")]
    [InlineData("""{"a":"y"}""", """{"properties":{"a":{"type":"string"}},"x-kubernetes-validations":[{"rule":"self.a == 'x'"}]}""")]
    [InlineData("""{"b":{}}""", """{"properties":{"b":{"x-kubernetes-validations":[{"rule":"self.c > 1"}]}}}""")]
    [InlineData("""[{"c":1}]""", """{"items":{"x-kubernetes-validations":[{"rule":"self.c > 1"}]}}""")]
    public void The_check_finds_a_default_that_breaks_a_rule_or_lacks_its_key(string fallback, string schema) =>
        Faults(JsonNode.Parse(schema)!.AsObject(), JsonNode.Parse(fallback)!, "").ShouldHaveSingleItem();

    [Fact]
    public void A_default_is_whole_with_the_defaults_of_the_fields_below_it()
    {
        var rollout = Nodes(Schema("agentdeployments.agentreadiness.dev"), "").Single(found => found.Path == ".spec.rollout").Node;

        var fallback = rollout["default"]!.AsObject();
        foreach (var (field, property) in rollout["properties"]!.AsObject())
        {
            if (property!["default"] is { } expected)
                fallback[field]!.ToJsonString().ShouldBe(expected.ToJsonString(), field);
        }
    }

    private static JsonObject Schema(string name)
    {
        var kind = CrdGenerator.Kinds.Single(type => CrdGenerator.NameOf(type) == name);
        return CrdFiles.Generator().Generate(kind)["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject();
    }

    private static IEnumerable<(string Path, JsonObject Node)> Nodes(JsonObject schema, string path)
    {
        yield return (path, schema);
        var below = (schema["properties"]?.AsObject() ?? []).Select(property => ($"{path}.{property.Key}", property.Value!.AsObject()));
        if (schema["items"] is JsonObject items)
            below = below.Append(($"{path}[]", items));
        foreach (var found in below.SelectMany(child => Nodes(child.Item2, child.Item1)))
            yield return found;
    }

    private static IEnumerable<string> Expressions(JsonObject node) =>
        (node[Rules] as JsonArray ?? []).Select(rule => rule!["rule"]!.GetValue<string>());

    // The rules of a schema and of what is below it that a value breaks.
    private static IEnumerable<string> Faults(JsonObject schema, JsonNode value, string path)
    {
        foreach (var rule in Expressions(schema).Where(rule => !rule.Contains("oldSelf", StringComparison.Ordinal)))
        {
            string? fault = null;
            try
            {
                if (!Evaluate(rule, value))
                    fault = $"{path}: {rule}: false";
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                fault = $"{path}: {rule}: {exception.Message}";
            }
            if (fault is not null)
                yield return fault;
        }
        var below = value switch
        {
            JsonObject fields => fields.Select(field =>
                (schema["properties"]?[field.Key] as JsonObject, field.Value, $"{path}.{field.Key}")
            ),
            JsonArray items => items.Select(item => (schema["items"] as JsonObject, item, $"{path}[]")),
            _ => [],
        };
        foreach (var (node, part, name) in below)
        {
            if (node is null || part is null)
                continue;
            foreach (var fault in Faults(node, part, name))
                yield return fault;
        }
    }

    // Objects with the required fields alone, with each optional one besides, and with all; one value of any other type.
    private static IEnumerable<JsonNode> Values(JsonObject schema)
    {
        var least = Value(schema);
        yield return least;
        if (least is not JsonObject || schema["properties"] is not JsonObject properties)
            yield break;
        var all = least.DeepClone();
        foreach (var (name, property) in properties)
        {
            if (least[name] is not null)
                continue;
            var one = least.DeepClone();
            one[name] = Value(property!.AsObject());
            all[name] = one[name]!.DeepClone();
            yield return one;
        }
        yield return all;
    }

    // Not empty where that can be: this library takes an empty map for one that is not there, which Kubernetes does not.
    private static JsonNode Value(JsonObject schema)
    {
        switch (schema["type"]!.GetValue<string>())
        {
            case "string":
                return (schema["enum"] as JsonArray)?[0]!.DeepClone() ?? "a";
            case "integer":
                return schema["minimum"] is { } least && least.GetValue<long>() > 0 ? least.DeepClone() : 1;
            case "boolean":
                return true;
            case "array":
                return new JsonArray(Value(schema["items"]!.AsObject()));
            default:
                var value = new JsonObject();
                foreach (var name in (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()))
                    value[name] = Value(schema["properties"]![name]!.AsObject());
                if (schema["properties"]?["metadata"] is not null)
                    value["metadata"] = new JsonObject { ["name"] = "a" };
                if (value.Count == 0)
                    value["something"] = "a";
                return value;
        }
    }

    private static bool Evaluate(string rule, JsonNode self)
    {
        var environment = new CelEnvironment(null, "");
        // Kubernetes has it (since 1.23), and this library has not.
        environment.RegisterFunction("sum", [typeof(IEnumerable)], values => ((IEnumerable)values[0]!).Cast<long>().Sum());
        return (bool)environment.Compile(rule)(new Dictionary<string, object?> { ["self"] = Plain(self) })!;
    }

    private static object? Plain(JsonNode? node) =>
        node switch
        {
            JsonObject fields => fields.ToDictionary(field => field.Key, field => Plain(field.Value)),
            JsonArray items => items.Select(Plain).ToArray(),
            null => null,
            _ => node.GetValueKind() switch
            {
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.Number => long.Parse(node.ToJsonString(), CultureInfo.InvariantCulture),
                JsonValueKind.True => true,
                _ => false,
            },
        };
}
