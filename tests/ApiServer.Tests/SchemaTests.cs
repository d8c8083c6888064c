using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests;

/// <summary>Nonsense is refused by an old API server itself, with the field's name.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class OldServerSchemaTests(ControlPlane plane) : SchemaTests(plane);

/// <summary>And by a current one.</summary>
[Collection(ControlPlanes.Definitions)]
public sealed class ModernServerSchemaTests(ModernControlPlane plane) : SchemaTests(plane);

/// <summary>What the schema alone refuses, fills in and keeps, whatever the server's version.</summary>
public abstract class SchemaTests(ControlPlane plane)
{
    private static readonly ResourceType Agents = ResourceType.Of<AgentDeployment>();

    [Theory]
    [InlineData("spec.budget.windows[0].maxCost", "-5")]
    [InlineData("spec.budget.windows[0].maxCost", "1e3")]
    [InlineData("spec.budget.windows[0].maxCost", "50 USD")]
    [InlineData("spec.budget.windows[0].period", "Fortnight")]
    [InlineData("spec.budget.windows[0].onExhausted", "Panic")]
    [InlineData("spec.budget.timeZone", "Berlin, Europe")]
    [InlineData("spec.budget.timeZone", "")]
    [InlineData("spec.budget.windows[0].scaleDownTo", -1)]
    [InlineData("spec.evals[0].minScore", "1.5")]
    [InlineData("spec.evals[0].minScore", "high")]
    [InlineData("spec.evals[0].confidence", "95")]
    [InlineData("spec.evals[0].minCases", 0)]
    [InlineData("spec.evals[0].maxCost", "-1")]
    [InlineData("spec.evals[0].deadline", "soon")]
    [InlineData("spec.replicas", -1)]
    [InlineData("spec.rollout.drain", "10 minutes")]
    [InlineData("spec.rollout.progressDeadline", "-1m")]
    [InlineData("spec.rollout.candidateReplicas", 0)]
    [InlineData("spec.rollout.historyLimit", 1000)]
    [InlineData("spec.ports[0].port", 0)]
    [InlineData("spec.ports[0].targetPort", 70000)]
    [InlineData("spec.ports[0].name", "HTTP Port")]
    [InlineData("spec.guardrails.upstreams[0].format", "Carrier pigeon")]
    [InlineData("spec.guardrails.upstreams[0].url", "ftp://provider")]
    [InlineData("spec.guardrails.upstreams[0].name", "Open AI")]
    [InlineData("spec.guardrails.models.maxOutputTokens", 0)]
    [InlineData("spec.reliability.modelCall.timeout", "60")]
    public async Task A_field_with_nonsense_is_refused_by_name(string field, object value)
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        Samples.Set(agent, field, value is string text ? JsonValue.Create(text) : JsonValue.Create((int)value));

        var refused = await Should.ThrowAsync<KubernetesApiException>(() =>
            plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None)
        );

        refused.IsInvalid.ShouldBeTrue(refused.Message);
        // An old server writes spec.budget.windows.maxCost, a new one spec.budget.windows[0].maxCost.
        refused.Message.Replace("[0]", "", StringComparison.Ordinal).ShouldContain(field.Replace("[0]", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("20", true)]
    [InlineData("1", true)]
    [InlineData("100", true)]
    [InlineData("0", false)]
    [InlineData("101", false)]
    [InlineData("0.5", false)]
    [InlineData("\"20%\"", false)]
    public async Task The_share_for_evaluations_is_a_whole_percentage(string percent, bool isSound)
    {
        var ns = await plane.NamespaceAsync();
        var budget = Definitions.KindSamples.Of("agentbudgets", ns);
        Samples.Set(budget, "spec.evaluations.maxPercent", JsonNode.Parse(percent));
        Task<JsonObject> CreateAsync() => plane.Api.CreateAsync(ResourceType.Of<AgentBudget>(), ns, budget, CancellationToken.None);

        if (isSound)
        {
            (await CreateAsync())["spec"]!["evaluations"]!.ToJsonString().ShouldBe($$"""{"maxPercent":{{percent}}}""");
            return;
        }
        (await Should.ThrowAsync<KubernetesApiException>(CreateAsync)).Message.ShouldContain("spec.evaluations.maxPercent");
        budget["spec"]!["evaluations"] = new JsonObject();
        (await Should.ThrowAsync<KubernetesApiException>(CreateAsync)).Message.ShouldContain("spec.evaluations.maxPercent");
    }

    [Theory]
    [InlineData("spec.budget.attribution", """["Customer"]""")]
    [InlineData("spec.budget.attribution", """["a","a"]""")]
    [InlineData("spec.budget.attribution", """["a","b","c","d","e"]""")]
    [InlineData("spec.telemetry.otlp.endpoint", "\"otel:4318\"")]
    [InlineData("spec.telemetry.otlp.endpoint", "null")]
    public async Task Tags_and_a_collector_that_cannot_be_are_refused_by_name(string field, string json)
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        Samples.Set(agent, "spec.telemetry", new JsonObject { ["otlp"] = new JsonObject { ["endpoint"] = "http://otel:4318" } });
        Samples.Set(agent, field, JsonNode.Parse(json));

        var refused = await Should.ThrowAsync<KubernetesApiException>(() =>
            plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None)
        );

        refused.IsInvalid.ShouldBeTrue(refused.Message);
        refused.Message.ShouldContain(field);
    }

    [Theory]
    [InlineData("spec.ports")]
    [InlineData("spec.template")]
    [InlineData("spec.evals[0].minScore")]
    [InlineData("spec.evals[0].suite")]
    public async Task A_missing_field_is_named(string field)
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        Samples.Set(agent, field, null);

        var refused = await Should.ThrowAsync<KubernetesApiException>(() =>
            plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None)
        );

        refused.Message.Replace("[0]", "", StringComparison.Ordinal).ShouldContain(field.Replace("[0]", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_fills_in_the_defaults_that_the_code_uses()
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        Samples.Set(agent, "spec.replicas", null);
        Samples.Set(agent, "spec.guardrails.models", new JsonObject());
        Samples.Set(agent, "spec.reliability", new JsonObject { ["modelCall"] = new JsonObject() });
        var spec = (await plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None))["spec"]!;

        spec["replicas"]!.GetValue<int>().ShouldBe(Defaults.Replicas);
        spec["rollout"]!["drain"]!.GetValue<string>().ShouldBe(Defaults.Drain);
        spec["rollout"]!["progressDeadline"]!.GetValue<string>().ShouldBe(Defaults.ProgressDeadline);
        spec["rollout"]!["candidateReplicas"]!.GetValue<int>().ShouldBe(Defaults.CandidateReplicas);
        spec["rollout"]!["historyLimit"]!.GetValue<int>().ShouldBe(Defaults.HistoryLimit);
        spec["budget"]!["timeZone"]!.GetValue<string>().ShouldBe(Defaults.BudgetTimeZone);
        var eval = spec["evals"]![0]!;
        eval["confidence"]!.GetValue<string>().ShouldBe(Defaults.Confidence);
        eval["minCases"]!.GetValue<int>().ShouldBe(Defaults.MinCases);
        eval["maxCost"]!.GetValue<string>().ShouldBe(Defaults.EvalMaxCost);
        eval["deadline"]!.GetValue<string>().ShouldBe(Defaults.EvalDeadline);
        spec["guardrails"]!["models"]!["maxOutputTokens"]!.GetValue<int>().ShouldBe(Defaults.MaxOutputTokens);
        spec["reliability"]!["modelCall"]!["timeout"]!.GetValue<string>().ShouldBe(Defaults.ModelCallTimeout);
    }

    [Fact]
    public async Task A_pod_field_that_nobody_knows_yet_survives()
    {
        var ns = await plane.NamespaceAsync();
        var agent = Samples.Agent(ns);
        agent["spec"]!["template"]!["spec"]!["fieldOfTheFuture"] = new JsonObject { ["deep"] = new JsonArray(1, 2.5) };

        await plane.Api.CreateAsync(Agents, ns, agent, CancellationToken.None);

        var read = await plane.Api.GetAsync(Agents, ns, "support", CancellationToken.None);
        read!["spec"]!["template"]!["spec"]!["fieldOfTheFuture"]!.ToJsonString().ShouldBe("""{"deep":[1,2.5]}""");
    }

    [Fact]
    public async Task The_scale_subresource_works()
    {
        var ns = await plane.NamespaceAsync();
        await plane.Api.CreateAsync(Agents, ns, Samples.Agent(ns), CancellationToken.None);

        await plane.Api.MergePatchAsync(
            Agents,
            ns,
            "support",
            "scale",
            new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 7 } },
            CancellationToken.None
        );

        (await plane.Api.GetAsync(Agents, ns, "support", CancellationToken.None))!["spec"]!["replicas"]!.GetValue<int>().ShouldBe(7);
    }
}
