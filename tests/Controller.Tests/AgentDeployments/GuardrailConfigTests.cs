using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Tests;

/// <summary>What an agent declares about failure reaches its guardrail.</summary>
public sealed class GuardrailConfigTests
{
    private readonly SimulatedCluster cluster = new();

    [Fact]
    public void Nothing_is_told_that_is_not_declared()
    {
        var config = Written();
        (config.Reliability, config.SideEffects, config.ToolFailures, config.ToolSchemas, config.Chaos).ShouldBe(
            (null, null, null, null, null)
        );
    }

    [Theory]
    [InlineData("""{"sideEffects":{"tools":["send_*"]}}""", """{"sideEffects":{"tools":["send_*"],"window":"24h"}}""")]
    [InlineData("""{"sideEffects":{"tools":["a"],"window":"1h"}}""", """{"sideEffects":{"tools":["a"],"window":"1h"}}""")]
    [InlineData("""{"toolCall":{"attempts":2}}""", """{"toolCall":{"attempts":2}}""")]
    [InlineData("""{"mode":"Observe","retryBudgetPercent":0}""", """{"reliability":{"observe":true,"retryBudgetPercent":0}}""")]
    [InlineData("""{"maxConcurrentCalls":7}""", """{"reliability":{"observe":false,"maxConcurrentCalls":7}}""")]
    [InlineData("""{"readOnlyTools":["r"]}""", """{"reliability":{"readOnlyTools":["r"]}}""")]
    [InlineData(
        """{"circuitBreaker":{}}""",
        """{"reliability":{"circuitBreaker":{"failurePercent":50,"minimumCalls":20,"openFor":"30s","window":"60s"}}}"""
    )]
    [InlineData(
        """
            {"circuitBreaker":
              {"failurePercent":9,"minimumCalls":8,"openFor":"7s","window":"6s","slowCallAfter":"5s","slowCallPercent":4}}
            """,
        """
            {"reliability":{"circuitBreaker":
              {"failurePercent":9,"minimumCalls":8,"openFor":"7s","window":"6s","slowCallAfter":"5s","slowCallPercent":4}}}
            """
    )]
    [InlineData("""{"refusal":{}}""", """{"reliability":{"refusal":{"statusCode":422}}}""")]
    [InlineData(
        """{"refusal":{"statusCode":418,"message":"no","path":"a.b","cannotAnswerAfter":3}}""",
        """
            {"reliability":{"refusal":{"statusCode":418,"message":"no","path":"a.b","cannotAnswerAfter":3}},
              "toolFailures":{"action":"Count"}}
            """
    )]
    public void Reliability_is_told_as_it_is_declared(string declared, string told)
    {
        cluster.Agent.Spec.Reliability = k8s.KubernetesJson.Deserialize<ReliabilitySpec>(declared);
        ShouldHold(told);
    }

    [Theory]
    [InlineData("""{"onToolError":"Count"}""", """{"toolFailures":{"action":"Count"}}""")]
    [InlineData("""{"onToolError":"Stop","stopAfter":5}""", """{"toolFailures":{"action":"Stop","stopAfter":5}}""")]
    [InlineData(
        """{"onToolError":"Mark","failures":[{"tool":"a","path":"x","value":"y"},{"tool":"b","pattern":"z"},{"tool":"c","empty":true}]}""",
        """
            {"toolFailures":{"action":"Mark","failures":
              [{"tool":"a","path":"x","value":"y"},{"tool":"b","pattern":"z"},{"tool":"c","empty":true}]}}
            """
    )]
    [InlineData("""{"schemaCheck":"Mark"}""", """{"toolSchemas":{"check":"Mark"}}""")]
    [InlineData("""{"onToolChange":"Enforce"}""", """{"toolSchemas":{"onChange":"Enforce"}}""")]
    [InlineData("""{"schemaCheck":"Enforce","onToolChange":"Observe"}""", """{"toolSchemas":{"check":"Enforce","onChange":"Observe"}}""")]
    public void Failures_of_tools_are_told_as_they_are_declared(string declared, string told)
    {
        cluster.Agent.Spec.Guardrails = new GuardrailsSpec { Tools = k8s.KubernetesJson.Deserialize<ToolsSpec>(declared) };
        ShouldHold(told);
    }

    [Theory]
    [InlineData("""{"upstream":"b"}""", """{"upstream":"b"}""")]
    [InlineData("""{"upstream":"b","models":{"m":"n"}}""", """{"upstream":"b","models":[{"from":"m","to":"n"}]}""")]
    public void A_fallback_is_told_as_it_is_declared(string declared, string told)
    {
        cluster.Agent.Spec.Guardrails = new GuardrailsSpec
        {
            Upstreams =
            [
                new Upstream { Name = "a", Fallback = k8s.KubernetesJson.Deserialize<FallbackSpec>(declared) },
                new Upstream { Name = "b" },
            ],
        };
        Written().Reliability.ShouldBeNull();
        cluster.Agent.Spec.Reliability = new ReliabilitySpec { Mode = ReliabilityMode.Observe };
        ShouldHold($$$"""{"upstreams":[{"name":"a","fallback":{{{told}}}},{"name":"b"}],"reliability":{"observe":true}}""");
        Written().Upstreams[1].Fallback.ShouldBeNull();
    }

    private void ShouldHold(string told)
    {
        var (whole, missing) = (Json(Written()), new List<string>());
        Missing(JsonNode.Parse(told)!, whole, "", missing);
        missing.ShouldBeEmpty(whole.ToJsonString());
    }

    private static void Missing(JsonNode? expected, JsonNode? there, string path, List<string> missing)
    {
        if (expected is JsonObject members)
        {
            foreach (var (name, value) in members)
                Missing(value, (there as JsonObject)?[name], $"{path}.{name}", missing);
        }
        else if (expected is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
                Missing(items[i], (there as JsonArray)?.ElementAtOrDefault(i), $"{path}[{i}]", missing);
        }
        else if (!JsonNode.DeepEquals(expected, there))
        {
            missing.Add($"{path}: {there?.ToJsonString()}, not {expected?.ToJsonString()}");
        }
    }

    private GuardrailConfig Written()
    {
        var configMap = ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), Track.Serving);
        return JsonSerializer.Deserialize(configMap["data"]!["config.json"]!.GetValue<string>(), ContractsJson.Default.GuardrailConfig)!;
    }

    private static JsonObject Json(GuardrailConfig config) =>
        (JsonObject)JsonSerializer.SerializeToNode(config, ContractsJson.Default.GuardrailConfig)!;
}
