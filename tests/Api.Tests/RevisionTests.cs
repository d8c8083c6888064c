using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;

namespace AgentReadiness.Api.Tests;

public sealed class RevisionTests
{
    private static readonly Dictionary<string, string> Prompt = new() { ["prompt"] = "digest" };

    [Fact]
    public void The_same_meaning_has_the_same_revision()
    {
        var spec = Spec();
        var reordered = Spec("""{"spec":{"containers":[{"image":"agent:1","name":"agent","resources":{"limits":{"cpu":1.0}}}]}}""");
        Revision
            .Compute(Spec("""{"spec":{"containers":[{"name":"agent","image":"agent:1","resources":{"limits":{"cpu":1}}}]}}"""), Prompt)
            .ShouldBe(Revision.Compute(reordered, Prompt));
        Revision.Compute(spec, Prompt).Hash.Length.ShouldBe(Revision.Length);
    }

    [Fact]
    public void A_null_member_means_the_same_as_none() =>
        Revision
            .Compute(
                Spec(
                    """{"metadata":{"creationTimestamp":null}"""
                        + ""","spec":{"containers":[{"name":"agent","image":"agent:1","resources":null}]}}"""
                ),
                Prompt
            )
            .ShouldBe(Revision.Compute(Spec("""{"metadata":{},"spec":{"containers":[{"name":"agent","image":"agent:1"}]}}"""), Prompt));

    [Fact]
    public void What_the_agent_runs_changes_the_revision_and_how_it_is_run_does_not()
    {
        var revision = Revision.Compute(Spec(), Prompt);

        Changed(spec => spec.Template["spec"]!["containers"]![0]!["image"] = "agent:2").ShouldNotBe(revision);
        Changed(spec => spec.Guardrails!.Upstreams[0].Url = "https://elsewhere/v1").ShouldNotBe(revision);
        Changed(spec => spec.Guardrails!.Models = new ModelsSpec { Allow = ["other"] }).ShouldNotBe(revision);
        Changed(spec => spec.Reliability = new ReliabilitySpec { ModelCall = new CallSpec { Timeout = "5s" } }).ShouldNotBe(revision);
        Revision.Compute(Spec(), new Dictionary<string, string> { ["prompt"] = "another" }).ShouldNotBe(revision);
        Revision.Compute(Spec(), new Dictionary<string, string>()).ShouldNotBe(revision);

        Changed(spec => spec.Replicas = 9).ShouldBe(revision);
        Changed(spec => spec.Rollout = new RolloutSpec { Drain = "1s" }).ShouldBe(revision);
        Changed(spec => spec.Evals = [new EvalRequirement()]).ShouldBe(revision);
        Changed(spec => spec.Budget = new BudgetSpec()).ShouldBe(revision);
        Changed(spec => spec.Guardrails!.Resources = new ResourcesSpec { Limits = new ResourceAmounts { Memory = "1Gi" } })
            .ShouldBe(revision);
        Changed(spec =>
                spec.Guardrails!.Upstreams[0].Credentials = new UpstreamCredentials
                {
                    SecretRef = new KeyReference { Name = "new", Key = "k" },
                }
            )
            .ShouldBe(revision);
    }

    [Fact]
    public void Every_field_of_reliability_changes_the_revision_and_its_defaults_do_not()
    {
        var seen = new HashSet<Revision> { Revision.Compute(Spec(), Prompt) };
        foreach (
            var json in (string[])
                [
                    """{"mode":"Observe"}""",
                    """{"toolCall":{"attempts":2}}""",
                    """{"retryBudgetPercent":20}""",
                    """{"retryBudgetPercent":0}""",
                    """{"circuitBreaker":{}}""",
                    """{"circuitBreaker":{"failurePercent":40}}""",
                    """{"circuitBreaker":{"minimumCalls":5}}""",
                    """{"circuitBreaker":{"openFor":"5s"}}""",
                    """{"circuitBreaker":{"window":"5s"}}""",
                    """{"circuitBreaker":{"slowCallAfter":"5s"}}""",
                    """{"circuitBreaker":{"slowCallAfter":"5s","slowCallPercent":20}}""",
                    """{"maxConcurrentCalls":4}""",
                    """{"readOnlyTools":["a"]}""",
                    """{"sideEffects":{"tools":["a"]}}""",
                    """{"sideEffects":{"tools":["b"]}}""",
                    """{"sideEffects":{"tools":["a"],"window":"1h"}}""",
                ]
        )
            seen.Add(Of(json)).ShouldBeTrue(json);

        Of("""{"mode":"Enforce","toolCall":{"attempts":1},"readOnlyTools":[]}""").ShouldBe(Revision.Compute(Spec(), Prompt));
        Of("""{"circuitBreaker":{"failurePercent":50,"minimumCalls":20,"openFor":"30s","window":"60s"}}""")
            .ShouldBe(Of("""{"circuitBreaker":{}}"""));
        Of("""{"sideEffects":{"tools":["b","a"],"window":"24h"}}""").ShouldBe(Of("""{"sideEffects":{"tools":["a","b"]}}"""));
        Of("""{"readOnlyTools":["b","a"]}""").ShouldBe(Of("""{"readOnlyTools":["a","b"]}"""));
    }

    [Fact]
    public void Every_field_of_what_a_failing_tool_does_changes_the_revision_and_none_of_it_does_not()
    {
        var seen = new HashSet<Revision> { Revision.Compute(Spec(), Prompt) };
        foreach (
            var json in (string[])
                [
                    """{"onToolError":"Count"}""",
                    """{"onToolError":"Mark"}""",
                    """{"onToolError":"Stop"}""",
                    """{"onToolError":"Stop","stopAfter":4}""",
                    """{"onToolError":"Mark","failures":[{"tool":"a","empty":true}]}""",
                    """{"onToolError":"Mark","failures":[{"tool":"b","empty":true}]}""",
                    """{"onToolError":"Mark","failures":[{"tool":"a","pattern":"x"}]}""",
                    """{"onToolError":"Mark","failures":[{"tool":"a","path":"x"}]}""",
                    """{"onToolError":"Mark","failures":[{"tool":"a","path":"x","value":"y"}]}""",
                    """{"schemaCheck":"Observe"}""",
                    """{"schemaCheck":"Mark"}""",
                    """{"schemaCheck":"Enforce"}""",
                    """{"onToolChange":"Observe"}""",
                    """{"onToolChange":"Enforce"}""",
                    """{"schemaCheck":"Enforce","onToolChange":"Enforce"}""",
                ]
        )
            seen.Add(Tools(json)).ShouldBeTrue(json);

        Tools("""{"failures":[]}""").ShouldBe(Tools("{}"));
        Tools("""{"onToolError":"Stop","stopAfter":3}""").ShouldBe(Tools("""{"onToolError":"Stop"}"""));
    }

    [Fact]
    public void Every_mode_of_screening_is_another_revision_and_none_is_that_of_before()
    {
        var seen = new HashSet<Revision> { Revision.Compute(Spec(), Prompt) };
        foreach (var mode in Enum.GetValues<ScreeningMode>())
            seen.Add(Changed(spec => (spec.Guardrails ??= new()).Screening = new ScreeningSpec { Mode = mode })).ShouldBeTrue($"{mode}");
    }

    [Fact]
    public void Every_rule_on_context_windows_is_another_revision_and_a_default_is_none()
    {
        Revision Of(OverflowMode mode, int? reserve) =>
            Changed(spec => (spec.Guardrails ??= new()).Context = new ContextSpec { OnOverflow = mode, ReservePercent = reserve });
        var seen = new HashSet<Revision> { Revision.Compute(Spec(), Prompt) };
        foreach (var mode in Enum.GetValues<OverflowMode>())
        {
            seen.Add(Of(mode, null)).ShouldBeTrue($"{mode}");
            seen.Add(Of(mode, 6)).ShouldBeTrue($"{mode}");
            Of(mode, 5).ShouldBe(Of(mode, null));
        }
        Revision Fails(FailMode? mode) =>
            Changed(spec => (spec.Guardrails ??= new()).Context = new ContextSpec { OnOverflow = OverflowMode.Refuse, FailMode = mode });
        Fails(FailMode.Open).ShouldBe(Fails(null));
        seen.Add(Fails(FailMode.Closed)).ShouldBeTrue();
        Tools("""{"schemaCheck":"Enforce","schemaFailMode":"Open"}""").ShouldBe(Tools("""{"schemaCheck":"Enforce"}"""));
        Tools("""{"schemaCheck":"Enforce","schemaFailMode":"Closed"}""").ShouldNotBe(Tools("""{"schemaCheck":"Enforce"}"""));
    }

    [Fact]
    public void A_fallback_and_each_of_its_fields_is_another_revision()
    {
        var seen = new HashSet<Revision> { Fallback(null) };
        foreach (
            var json in (string[])
                [
                    """{"upstream":"b"}""",
                    """{"upstream":"c"}""",
                    """{"upstream":"b","models":{"m":"n"}}""",
                    """{"upstream":"b","models":{"m":"o"}}""",
                    """{"upstream":"b","models":{"n":"m"}}""",
                ]
        )
            seen.Add(Fallback(json)).ShouldBeTrue(json);
        Fallback("""{"upstream":"b","models":{}}""").ShouldBe(Fallback("""{"upstream":"b"}"""));
        Fallback("""{"upstream":"b","models":{"x":"1","y":"2"}}""").ShouldBe(Fallback("""{"upstream":"b","models":{"y":"2","x":"1"}}"""));
    }

    private static Revision Fallback(string? json) =>
        Changed(spec =>
            (spec.Guardrails ??= new()).Upstreams = [
                new Upstream { Name = "a", Fallback = json is null ? null : JsonSerializer.Deserialize<FallbackSpec>(json, Words) },
                new Upstream { Name = "b" },
            ]
        );

    private static Revision Tools(string tools) =>
        Changed(spec => (spec.Guardrails ??= new()).Tools = JsonSerializer.Deserialize<ToolsSpec>(tools, Words)!);

    private static readonly JsonSerializerOptions Words = new(JsonSerializerDefaults.Web)
    {
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
    };

    private static Revision Of(string reliability) =>
        Changed(spec => spec.Reliability = JsonSerializer.Deserialize<ReliabilitySpec>(reliability, Words)!);

    [Fact]
    public void Defaults_that_the_server_fills_in_do_not_change_the_revision()
    {
        var filled = Spec();
        filled.Guardrails!.Models = new ModelsSpec { MaxOutputTokens = Defaults.MaxOutputTokens };
        filled.Reliability = new ReliabilitySpec { ModelCall = new CallSpec { Timeout = Defaults.ModelCallTimeout } };

        Revision.Compute(filled, Prompt).ShouldBe(Revision.Compute(Spec(), Prompt));
    }

    [Fact]
    public void Every_way_to_refer_to_a_ConfigMap_is_found_and_rewritten()
    {
        var template = (JsonObject)
            JsonNode.Parse(
                """
                {"spec": {
                  "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "s"}}]}],
                  "containers": [{"name": "c", "env": [{"name": "X",
                    "valueFrom": {"configMapKeyRef": {"name": "b", "key": "k", "optional": true}}}, {"name": "Y", "value": "v"}]}],
                  "volumes": [{"name": "v", "configMap": {"name": "c"}},
                    {"name": "p", "projected": {"sources": [{"configMap": {"name": "d"}}, {"secret": {"name": "s"}}]}}]
                }}
                """
            )!;

        ConfigMapReferences.Find(template).ShouldBe([new("a", false), new("b", true), new("c", false), new("d", false)]);
        ConfigMapReferences.Rewrite(template, name => name + "-copy");
        ConfigMapReferences.Find(template).Select(reference => reference.Name).ShouldBe(["a-copy", "b-copy", "c-copy", "d-copy"]);
        template.ToJsonString().ShouldContain("\"name\":\"s\"");
    }

    [Fact]
    public void A_template_that_makes_no_sense_refers_to_nothing()
    {
        foreach (
            var text in (string[])
                [
                    "{}",
                    """{"spec": 5}""",
                    """{"spec": {"containers": "x", "volumes": [1, null]}}""",
                    """{"spec": {"volumes": [{"configMap": {"name": 5}}]}}""",
                ]
        )
            ConfigMapReferences.Find((JsonObject)JsonNode.Parse(text)!).ShouldBeEmpty();
    }

    private static Revision Changed(Action<AgentDeploymentSpec> change)
    {
        var spec = Spec();
        change(spec);
        return Revision.Compute(spec, Prompt);
    }

    private static AgentDeploymentSpec Spec(string template = """{"spec":{"containers":[{"name":"agent","image":"agent:1"}]}}""") =>
        new()
        {
            Template = (JsonObject)JsonNode.Parse(template)!,
            Guardrails = new GuardrailsSpec { Upstreams = [new Upstream { Name = "openai", Url = "https://provider/v1" }] },
        };
}
