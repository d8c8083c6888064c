using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>What a current server makes of our definitions: defaults, the cost of rules, unknown fields, owners of fields.</summary>
[Collection(ControlPlanes.Definitions)]
public sealed class DefinitionTests(ModernControlPlane plane)
{
    private static readonly ResourceType Agents = ResourceType.Of<AgentDeployment>();

    public static TheoryData<string> Kinds => [.. CrdFolder.Current.Select(CrdFolder.Plural)];

    [Fact]
    public async Task Every_definition_is_established_and_has_a_structural_schema()
    {
        foreach (var file in CrdFolder.Current)
        {
            var name = file["metadata"]!["name"]!.GetValue<string>();
            var seen = await plane.Crds.Api.SendAsync(
                HttpMethod.Get,
                $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
                null,
                null,
                CancellationToken.None
            );

            CrdServer.IsTrue(seen, "Established").ShouldBeTrue(name);
            CrdServer.IsTrue(seen, "NonStructuralSchema").ShouldBeFalse(name);
        }
    }

    [Fact]
    public async Task The_server_refuses_a_default_that_breaks_a_rule_and_a_rule_that_may_cost_too_much()
    {
        // Else that it takes ours would say nothing.
        var broken = Renamed(CrdFolder.Current.Single(file => CrdFolder.Plural(file) == "agentdeployments"), "a.example.org");
        CrdFolder.Schema(broken)["properties"]!["spec"]!["properties"]!["rollout"]!["default"] = new JsonObject();
        var costly = Renamed(CrdFolder.Current.Single(file => CrdFolder.Plural(file) == "agentdeployments"), "b.example.org");
        CrdFolder.Schema(costly)["properties"]!["spec"]!["properties"]!["ports"]!.AsObject().Remove("maxItems");
        CrdFolder.Schema(costly)["properties"]!["spec"]!["properties"]!["ports"]!["x-kubernetes-validations"] = new JsonArray(
            new JsonObject { ["rule"] = "self.all(a, self.all(b, self.all(c, a.name + b.name != c.name)))", ["message"] = "m" }
        );

        (await Should.ThrowAsync<KubernetesApiException>(() => plane.Crds.DefineAsync(broken))).Message.ShouldContain("no such key");
        (await Should.ThrowAsync<KubernetesApiException>(() => plane.Crds.DefineAsync(costly))).Message.ShouldContain(
            "estimated rule cost"
        );
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Defaults_obey_the_rules_wherever_the_server_fills_them_in(string plural)
    {
        var schema = CrdFolder.Schema(CrdFolder.Current.Single(file => CrdFolder.Plural(file) == plural));
        var messages = CrdFolder
            .Nodes(schema)
            .SelectMany(found => found.Node["x-kubernetes-validations"] as JsonArray ?? [])
            .Select(rule => rule!["message"]!.GetValue<string>())
            .ToList();
        var type = new ResourceType(Names.Group, Names.Version, plural, string.Empty);
        var ns = await plane.NamespaceAsync();
        var tried = 0;
        var sample = KindSamples.Of(plural, ns);
        var whole = await plane.Crds.Api.CreateAsync(type, ns, sample, CancellationToken.None);
        whole["spec"].ShouldNotBeNull();

        foreach (var (path, node) in Optional(schema["properties"]!["spec"]!.AsObject(), sample["spec"]!, "spec"))
        {
            var agent = KindSamples.Of(plural, ns, $"a{++tried}");
            Samples.Set(agent, path, node);
            try
            {
                await plane.Crds.Api.CreateAsync(type, ns, agent, CancellationToken.None);
            }
            catch (KubernetesApiException exception)
            {
                // An empty object may break a rule that asks for more; but in the rule's own words.
                exception.Message.ShouldNotContain("no such key", Case.Insensitive, $"{path}: {node?.ToJsonString() ?? "absent"}");
                messages.ShouldContain(
                    message => exception.Message.Contains(message, StringComparison.Ordinal),
                    $"{path}: {node?.ToJsonString() ?? "absent"}: {exception.Message}"
                );
            }
        }
    }

    [Fact]
    public async Task Rollout_as_people_write_it_gets_its_defaults()
    {
        var ns = await plane.NamespaceAsync();
        var agent = KindSamples.Of("agentdeployments", ns);
        foreach (var (name, rollout) in new[] { ("absent", null), ("empty", "{}"), ("partial", """{"drain":"5s"}""") })
        {
            agent["metadata"]!["name"] = name;
            Samples.Set(agent, "spec.rollout", rollout is null ? null : JsonNode.Parse(rollout));

            var seen = (await plane.Crds.Api.CreateAsync(Agents, ns, agent, CancellationToken.None))["spec"]!["rollout"]!;

            seen["strategy"]!.GetValue<string>().ShouldBe("BlueGreen", name);
            seen["steps"]!.AsArray().ShouldBeEmpty(name);
            seen["drain"]!.GetValue<string>().ShouldBe(name == "partial" ? "5s" : Defaults.Drain, name);
            seen["candidateReplicas"]!.GetValue<int>().ShouldBe(Defaults.CandidateReplicas, name);
        }
    }

    [Fact]
    public async Task Unknown_fields_go_except_in_the_template_and_are_refused_where_the_client_asks_so()
    {
        var ns = await plane.NamespaceAsync();
        var agent = KindSamples.Of("agentdeployments", ns);
        agent["spec"]!["fieldOfTheFuture"] = 1;
        agent["spec"]!["rollout"]!["fieldOfTheFuture"] = 1;
        agent["spec"]!["template"]!["spec"]!["fieldOfTheFuture"] = new JsonObject { ["deep"] = new JsonArray(1, 2.5) };

        var strict = await Should.ThrowAsync<KubernetesApiException>(() =>
            plane.Crds.Api.SendAsync(
                HttpMethod.Post,
                $"{Agents.Path(ns)}?fieldValidation=Strict",
                agent,
                "application/json",
                CancellationToken.None
            )
        );
        var seen = await plane.Crds.Api.CreateAsync(Agents, ns, agent, CancellationToken.None);

        strict.Message.ShouldContain("spec.fieldOfTheFuture");
        strict.Message.ShouldContain("spec.rollout.fieldOfTheFuture");
        strict.Message.ShouldNotContain("template");
        seen["spec"]!.AsObject().ContainsKey("fieldOfTheFuture").ShouldBeFalse();
        seen["spec"]!["rollout"]!.AsObject().ContainsKey("fieldOfTheFuture").ShouldBeFalse();
        seen["spec"]!["template"]!["spec"]!["fieldOfTheFuture"]!.ToJsonString().ShouldBe("""{"deep":[1,2.5]}""");
    }

    [Fact]
    public async Task Two_managers_own_what_they_apply_and_the_status_belongs_to_neither()
    {
        var ns = await plane.NamespaceAsync();
        var team = KindSamples.Of("agentdeployments", ns);
        await ApplyAsync("team", team);
        // The platform adds a window of its own to the same list, and nothing else.
        JsonObject Platform(string spec) =>
            new()
            {
                ["apiVersion"] = Agents.ApiVersion,
                ["kind"] = AgentDeployment.EntityKind,
                ["metadata"] = new JsonObject { ["name"] = "support", ["namespace"] = ns },
                ["spec"] = JsonNode.Parse(spec),
            };
        var both = await ApplyAsync("platform", Platform("""{"budget":{"windows":[{"period":"Month","maxCost":"900"}]}}"""));
        Periods(both).ShouldBe(["Day", "Month"], ignoreOrder: true);

        var foreign = await Should.ThrowAsync<KubernetesApiException>(() =>
            ApplyAsync("platform", Platform("""{"replicas":5,"budget":{"windows":[{"period":"Month","maxCost":"900"}]}}"""))
        );
        foreign.IsConflict.ShouldBeTrue(foreign.Message);
        foreign.Message.ShouldContain("team");
        foreign.Message.ShouldContain(".spec.replicas");

        await plane.Crds.Api.MergePatchAsync(
            Agents,
            ns,
            "support",
            "status",
            new JsonObject
            {
                ["status"] = new JsonObject { ["phase"] = "Serving" },
                ["spec"] = new JsonObject { ["replicas"] = 9 },
            },
            CancellationToken.None
        );
        team["spec"]!["budget"]!["windows"]![0]!["maxCost"] = "60";
        var later = await ApplyAsync("team", team);
        later["spec"]!["replicas"]!.GetValue<int>().ShouldBe(2);
        later["status"]!["phase"]!.GetValue<string>().ShouldBe("Serving");
        Periods(later).ShouldBe(["Day", "Month"], ignoreOrder: true);

        // What a manager no longer names goes, and only that.
        team["spec"]!.AsObject().Remove("replicas");
        team["spec"]!.AsObject().Remove("telemetry");
        var without = await ApplyAsync("team", team);
        without["spec"]!.AsObject().ContainsKey("telemetry").ShouldBeFalse();
        without["spec"]!["replicas"]!.GetValue<int>().ShouldBe(Defaults.Replicas);
        Periods(without).ShouldBe(["Day", "Month"], ignoreOrder: true);

        Task<JsonObject> ApplyAsync(string manager, JsonObject body) =>
            plane.Crds.Api.SendAsync(
                HttpMethod.Patch,
                $"{Agents.Path(ns, "support")}?fieldManager={manager}",
                body,
                "application/apply-patch+yaml",
                CancellationToken.None
            );
        static IEnumerable<string> Periods(JsonObject agent) =>
            agent["spec"]!["budget"]!["windows"]!.AsArray().Select(window => window!["period"]!.GetValue<string>());
    }

    /// <summary>A definition in another group, so that it stands beside the real one.</summary>
    internal static JsonObject Renamed(JsonObject definition, string group)
    {
        var copy = (JsonObject)definition.DeepClone();
        copy["metadata"]!["name"] = $"{CrdFolder.Plural(copy)}.{group}";
        copy["spec"]!["group"] = group;
        return copy;
    }

    // Each optional field of a schema that may be set in the sample: absent, and as an empty object where it is one that requires nothing.
    private static IEnumerable<(string Path, JsonNode? Value)> Optional(JsonObject schema, JsonNode sample, string path)
    {
        if (sample is JsonArray list && schema["items"] is JsonObject items && list.Count > 0 && list[0] is JsonObject first)
        {
            foreach (var found in Optional(items, first, $"{path}[0]"))
                yield return found;
            yield break;
        }
        if (sample is not JsonObject fields || schema["properties"] is not JsonObject properties)
            yield break;
        var required = (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, node) in properties)
        {
            var property = node!.AsObject();
            if (!required.Contains(name) && fields.ContainsKey(name))
                yield return ($"{path}.{name}", null);
            if (property["properties"] is not null && property["required"] is null)
                yield return ($"{path}.{name}", new JsonObject());
            if (fields[name] is { } below)
            {
                foreach (var found in Optional(property, below, $"{path}.{name}"))
                    yield return found;
            }
        }
    }
}
