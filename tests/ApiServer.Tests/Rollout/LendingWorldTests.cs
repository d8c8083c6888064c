using System.Collections.Concurrent;
using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What the objects of a namespace lend to agents, on a real API server.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class LendingWorldTests(ModernControlPlane plane)
{
    [Fact]
    public async Task An_authors_agent_gets_no_Secret_and_no_account_that_is_not_lent()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await MakeAsync(world, SecretView.Resource, "openai", new() { [Names.HostsAnnotation] = "api.openai.com" });
        await MakeAsync(world, SecretView.Resource, "database", []);
        await MakeAsync(world, ServiceAccountView.Resource, "builder", []);
        await world.ApplyAgentAsync("owner", "agent:1", 1, agent => Upstream(agent, "openai", "https://api.openai.com/v1"));
        await world.UntilServesAsync("owner", "agent:1");

        // Another agent's key in a variable, also where somebody lends that Secret to templates.
        await world.ApplyAgentAsync("thief", "thief:1", 1, agent => Variable(agent, "openai"));
        await NotLentAsync(world, "containers[0].env[0].valueFrom.secretKeyRef.name");
        await LendAsync(world, SecretView.Resource, "openai");
        // Any Secret as a key, sent to a host of one's own.
        await world.ApplyAgentAsync("thief", "thief:2", 1, agent => Upstream(agent, "database", "https://evil.example/v1"));
        await NotLentAsync(world, "upstreams[0].credentials.secretRef.name");
        await world.ApplyAgentAsync("thief", "thief:3", 1, agent => Upstream(agent, "openai", "https://evil.example/v1"));
        await NotLentAsync(world, "may not be sent to https://evil.example/v1");
        await world.ApplyAgentAsync("thief", "thief:4", 1, agent => Variable(agent, "openai"));
        await NotLentAsync(world, "containers[0].env[0].valueFrom.secretKeyRef.name");
        await world.ApplyAgentAsync("thief", "thief:5", 1, agent => Samples.Set(agent, "spec.template.spec.serviceAccountName", "builder"));
        await NotLentAsync(world, "spec.template.spec.serviceAccountName");
        world.Witness.All(DeploymentView.Resource).Count(deployment => deployment.Label(Names.AgentLabel) == "thief").ShouldBe(0);

        // Its owner lends the account, and the agent goes on by itself.
        await LendAsync(world, ServiceAccountView.Resource, "builder");
        await world.UntilServesAsync("thief", "thief:5");
    }

    [Fact]
    public async Task Of_Secrets_only_metadata_is_asked_for()
    {
        var ns = await plane.NamespaceAsync();
        var forms = new Forms();
        var api = new KubernetesApi(plane.CreateClient(forms), "metadata");
        var seen = new ConcurrentQueue<string>();
        var cache = new ObjectCache<SecretView>(
            SecretView.Resource,
            null,
            item =>
            {
                seen.Enqueue(item.GetRawText());
                return SecretView.Of(item);
            }
        )
        {
            MetadataOnly = true,
        };
        await plane.Api.CreateAsync(SecretView.Resource, ns, Secret("listed", "one.example"), CancellationToken.None);
        using var reflector = new Reflector(cache, api, TimeProvider.System, NullLogger<Reflector>.Instance);
        var watched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cache.Changed += (_, after) =>
        {
            if (after?.Key == new NamespacedName(ns, "watched"))
                watched.TrySetResult();
        };
        await reflector.StartAsync(CancellationToken.None);
        await cache.Synced.WaitAsync(TimeSpan.FromSeconds(20));
        await plane.Api.CreateAsync(SecretView.Resource, ns, Secret("watched", "two.example"), CancellationToken.None);
        await watched.Task.WaitAsync(TimeSpan.FromSeconds(20));

        cache.Get(new NamespacedName(ns, "listed"))!.View.Hosts.ShouldBe("one.example");
        cache.Get(new NamespacedName(ns, "watched"))!.View.Hosts.ShouldBe("two.example");
        seen.ShouldAllBe(text => !text.Contains("\"data\"", StringComparison.Ordinal));
        string.Concat(seen).ShouldNotContain("dG9wLXNlY3JldA==");
        forms.Seen.ShouldNotBeEmpty();
        forms.Seen.ShouldAllBe(form => form.StartsWith("application/json;as=PartialObjectMetadata", StringComparison.Ordinal));
        await reflector.StopAsync(CancellationToken.None);
    }

    private static Task NotLentAsync(RolloutWorld world, string words) =>
        world.UntilAsync(
            words,
            () =>
            {
                // One look: between two the agent may have gone on.
                var thief = world.Agent("thief");
                return thief.Condition("Ready", "reason") == Reasons.NotLent
                    && thief.Condition("Ready", "message")?.Contains(words, StringComparison.Ordinal) == true;
            }
        );

    private static void Upstream(JsonObject agent, string secret, string url) =>
        agent["spec"]!["guardrails"] = new JsonObject
        {
            ["upstreams"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "openai",
                    ["format"] = "OpenAI",
                    ["url"] = url,
                    ["credentials"] = new JsonObject
                    {
                        ["secretRef"] = new JsonObject { ["name"] = secret, ["key"] = "k" },
                    },
                }
            ),
        };

    private static void Variable(JsonObject agent, string secret) =>
        Samples.Set(
            agent,
            "spec.template.spec.containers[0].env",
            new JsonArray(
                new JsonObject
                {
                    ["name"] = "STOLEN",
                    ["valueFrom"] = new JsonObject
                    {
                        ["secretKeyRef"] = new JsonObject { ["name"] = secret, ["key"] = "k" },
                    },
                }
            )
        );

    private static JsonObject Secret(string name, string hosts) =>
        new()
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["annotations"] = new JsonObject { [Names.HostsAnnotation] = hosts },
            },
            ["data"] = new JsonObject { ["k"] = "dG9wLXNlY3JldA==" },
        };

    private static Task MakeAsync(RolloutWorld world, ResourceType type, string name, Dictionary<string, string> annotations) =>
        world.Api.CreateAsync(
            type,
            world.Ns,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["annotations"] = new JsonObject(annotations.Select(one => KeyValuePair.Create(one.Key, (JsonNode?)one.Value))),
                },
            },
            CancellationToken.None
        );

    private static Task LendAsync(RolloutWorld world, ResourceType type, string name) =>
        world.Api.MergePatchAsync(
            type,
            world.Ns,
            name,
            null,
            new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [Names.UsableByAgentsLabel] = "true" } } },
            CancellationToken.None
        );

    private sealed class Forms : DelegatingHandler
    {
        public ConcurrentQueue<string> Seen { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Seen.Enqueue(string.Join(", ", request.Headers.GetValues("Accept")).Replace(" ", string.Empty, StringComparison.Ordinal));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
