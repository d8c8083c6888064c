using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using CsCheck;

namespace AgentReadiness.Controller.Tests.Shared;

/// <summary>Whatever an API server may have stored, it is read, or set apart with the place of what is wrong.</summary>
public sealed class ReducedViewTests
{
    private const string Agent = """
        {"apiVersion":"agentreadiness.dev/v1alpha1","kind":"AgentDeployment",
         "metadata":{"namespace":"shop","name":"support","uid":"u","resourceVersion":"1","generation":3,"labels":{"team":"x"}},
         "spec":{"replicas":2,"ports":[{"name":"http","port":80,"targetPort":8080}],
           "evals":[{"suite":{"name":"golden"},"minScore":"0.9"}],
           "budget":{"windows":[{"period":"Day","maxCost":"50","resumedAt":"2026-11-24T20:00:00Z"}]},
           "template":{"spec":{"containers":[{"name":"agent","image":"agent:1"}]}}},
         "status":{"observedGeneration":2,"servingRevision":"abc"}}
        """;

    private static readonly Gen<JsonNode?> Anything = Gen.Select(
        Gen.Int[0, 7],
        Gen.Int[1, 200],
        Gen.String,
        (kind, number, text) =>
            kind switch
            {
                0 => null,
                1 => (JsonNode)number,
                2 => number + 0.5,
                3 => number % 2 == 0,
                4 => text,
                5 => Deep(number),
                6 => new JsonArray(1, "a", null),
                _ => new JsonObject { ["a"] = 1 },
            }
    );

    [Theory]
    [InlineData("spec.budget.windows[0].resumedAt", "\"2026-11-24t20:00:00z\"", "spec.budget: ")]
    [InlineData("spec.budget.windows[0].resumedAt", "\"2026-11-24 20:00:00Z\"", "spec.budget: ")]
    [InlineData("spec.template.deep", "DEEP", "spec.template: ")]
    [InlineData("spec.replicas", "\"two\"", "spec.replicas: ")]
    public void The_place_of_the_fault_is_named_and_the_rest_is_read(string path, string value, string fault)
    {
        var agent = View(Set(path, value == "DEEP" ? Deep(70) : JsonNode.Parse(value)));
        agent.Faults.ShouldHaveSingleItem().ShouldStartWith(fault);
        (agent.Metadata.Name, agent.Metadata.Generation, agent.Status!.ServingRevision).ShouldBe(("support", 3, "abc"));
        agent.Spec.Ports.Count.ShouldBe(1);
        agent.Spec.Evals.Count.ShouldBe(1);
    }

    /// <summary>Any value at any place: the object is read, or it is set apart. Nothing throws, and its neighbours are there.</summary>
    [Fact]
    public void No_value_anywhere_harms_another_object()
    {
        var places = Places(JsonNode.Parse(Agent)!, "").Where(path => path.Length > 0).ToArray();
        var (read, apart) = (0, 0);
        Gen.Select(Gen.Int[0, places.Length - 1], Anything)
            .Sample(
                (place, value) =>
                {
                    var cache = Cache();
                    using var odd = JsonDocument.Parse(
                        Set(places[place], value).ToJsonString(),
                        new JsonDocumentOptions { MaxDepth = 1000 }
                    );
                    using var good = JsonDocument.Parse(Agent.Replace("support", "other", StringComparison.Ordinal));
                    cache.Replace([odd.RootElement, good.RootElement]);
                    cache.Get(new NamespacedName("shop", "other"))!.View.Faults.ShouldBeEmpty();
                    if (cache.Get(new NamespacedName("shop", "support"))?.View is not { } view)
                        return;
                    _ = view.Faults.Count == 0 ? Interlocked.Increment(ref read) : Interlocked.Increment(ref apart);
                },
                iter: 2_000
            );
        read.ShouldBeGreaterThan(100);
        apart.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void A_cap_that_cannot_be_read_is_not_no_cap()
    {
        var key = AccountKey.Serving("shop", "support");
        var budget = View(Set("spec.budget.windows[0].resumedAt", "2026-11-24t20:00:00z"));
        var template = View(Set("spec.template.deep", Deep(70)));
        var now = DateTimeOffset.UnixEpoch;
        foreach (var (agent, limits) in new[] { (budget, 0), (template, 1) })
        {
            var declared = new AccountDeclaration { Agent = agent };
            DeclaredTerms.IsUnlimited(key, declared).ShouldBeFalse();
            DeclaredTerms.Of(key, declared, now).Limits.Count.ShouldBe(limits);
        }
    }

    private static ObjectCache<AgentDeployment> Cache() =>
        new(ResourceType.Of<AgentDeployment>(), null, TypedView.Of<AgentDeployment>)
        {
            Reduce = ReducedView.Of<AgentDeployment, AgentDeploymentSpec, AgentDeploymentStatus>,
        };

    private static AgentDeployment View(JsonNode agent)
    {
        var cache = Cache();
        using var document = JsonDocument.Parse(agent.ToJsonString(), new JsonDocumentOptions { MaxDepth = 1000 });
        cache.Upsert(document.RootElement);
        return cache.List().Single().View;
    }

    private static JsonNode Deep(int depth)
    {
        JsonNode node = 1;
        for (var i = 0; i < depth; i++)
            node = new JsonObject { ["a"] = node };
        return node;
    }

    private static JsonNode Set(string path, JsonNode? value)
    {
        var agent = JsonNode.Parse(Agent)!;
        var (node, steps) = (agent, path.Replace("[", ".[", StringComparison.Ordinal).Split('.'));
        foreach (var step in steps[..^1])
            node = step[0] == '[' ? node[int.Parse(step[1..^1], CultureInfo.InvariantCulture)]! : node[step]!;
        if (steps[^1][0] == '[')
            node[int.Parse(steps[^1][1..^1], CultureInfo.InvariantCulture)] = value;
        else
            node[steps[^1]] = value;
        return agent;
    }

    private static IEnumerable<string> Places(JsonNode? node, string at) =>
        node switch
        {
            JsonObject members => members.SelectMany(m => Places(m.Value, at.Length == 0 ? m.Key : $"{at}.{m.Key}")).Append(at),
            JsonArray items => items.SelectMany((item, i) => Places(item, $"{at}[{i}]")).Append(at),
            _ => [at],
        };
}
