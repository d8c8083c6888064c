using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What people decide, as they write it: steps, approvals, rollbacks, exceptions.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class DecisionWorldTests(ModernControlPlane plane)
{
    private static readonly ResourceType Exceptions = ResourceType.Of<ReadinessException>();

    [Fact]
    public async Task A_Canary_shares_the_Service_step_by_step_and_an_abort_gives_everything_back()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        void Steps(JsonObject agent, string hold) =>
            agent["spec"]!["rollout"] = JsonNode.Parse(
                $$"""
                {"drain": "1s", "strategy": "Canary", "steps": [{"percent": 20, "hold": "1s"}, {"percent": 60, "hold": "{{hold}}"}]}
                """
            );
        await world.ApplyAgentAsync("support", "agent:1", 4, agent => Steps(agent, "1s"));
        await world.UntilServesAsync("support", "agent:1");
        await world.ApplyAgentAsync("support", "agent:2", 4, agent => Steps(agent, "1s"));
        await world.UntilServesAsync("support", "agent:2");
        world.ShouldHaveServed("support", "agent:1", "agent:2");
        Shares(world).ShouldBe(["4+1", "3+4"], "the Service's endpoints while two revisions shared it, each step's fullest");

        await world.ApplyAgentAsync("support", "agent:3", 4, agent => Steps(agent, "1h"));
        await world.UntilAsync(
            "the second step",
            () =>
                world.Agent("support").Number("status", "canary", "step") == 2
                && world.Agent("support").At("status", "canary", "heldSince") is not null
        );
        var candidate = world.Agent("support").Text("status", "candidateRevision")!;
        await world.ApplyAgentAsync(
            "support",
            "agent:3",
            4,
            agent =>
            {
                Steps(agent, "1h");
                agent["spec"]!["rollout"]!["decision"] = Decision(candidate, "Abort");
            }
        );
        await world.UntilHeldAsync("support", "agent:3", "agent:2");
        await world.BeQuietAsync();
        world.Agent("support").Condition("Stalled", "reason").ShouldBe(Reasons.Aborted);
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }

    [Fact]
    public async Task An_approval_may_come_with_the_commit_and_a_rollback_needs_no_new_evals()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        static void Manual(JsonObject agent, JsonNode? decision)
        {
            agent["spec"]!["rollout"] = JsonNode.Parse("""{"drain": "1s", "approval": "Manual"}""");
            if (decision is not null)
                agent["spec"]!["rollout"]!["decision"] = decision;
        }
        await world.ApplyAgentAsync("support", "agent:1", 2, agent => Manual(agent, null));
        await world.UntilAsync(
            "the wait for approval",
            () => world.Agent("support").Condition("Reconciling", "reason") == Reasons.AwaitingApproval
        );
        await world.BeQuietAsync();
        var first = world.Agent("support").Text("status", "candidateRevision")!;
        await world.ApplyAgentAsync("support", "agent:1", 2, agent => Manual(agent, Decision(first, "Promote")));
        await world.UntilServesAsync("support", "agent:1");

        // The revision is known before the manifest is applied.
        var second = await RevisionAsync(world, "agent:2");
        await world.ApplyAgentAsync("support", "agent:2", 2, agent => Manual(agent, Decision(second, "Promote")));
        await world.UntilServesAsync("support", "agent:2");
        world.Agent("support").Text("status", "servingRevision").ShouldBe(second);

        await world.ApplyAgentAsync("support", "agent:2", 2, agent => Manual(agent, Decision(first, "RollbackTo")));
        await world.UntilHeldAsync("support", "agent:2", "agent:1");
        world.Agent("support").Condition("Stalled", "reason").ShouldBe(Reasons.RolledBack);
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1", "agent:2", "agent:1");
    }

    [Fact]
    public async Task An_exception_lets_a_held_revision_pass_where_it_is_allowed_and_the_failed_verdict_stays()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        world.Kubelet.Score("agent:bad", 50);
        await world.ApplyAgentAsync("support", "agent:bad");
        await world.UntilHeldAsync("support", "agent:bad", null);
        var revision = world.Agent("support").Text("status", "candidateRevision")!;

        var elsewhere = await plane.NamespaceAsync();
        await ExceptAsync(world, elsewhere, "not-here", revision);
        await UntilStateAsync(world, elsewhere, "not-here", "NotAllowed");
        await world.BeQuietAsync();
        world.Agent("support").Condition("Stalled").ShouldBe("True");

        await ExceptAsync(world, world.Ns, "hotfix", revision);
        await world.UntilServesAsync("support", "agent:bad");
        world.Agent("support").Condition("EvalsPassed").ShouldBe("Unknown");
        world.Agent("support").Condition("EvalsPassed", "message")!.ShouldContain($"{world.Ns}/hotfix");
        await UntilStateAsync(world, world.Ns, "hotfix", "Active", used: true);
        world.Witness.All(Witness.Runs).ShouldHaveSingleItem().Object.Text("status", "phase").ShouldBe("Failed");
        await world.BeQuietAsync();
        await world.Api.DeleteAsync(Exceptions, elsewhere, "not-here", null, CancellationToken.None);
        await world.Api.DeleteAsync(Exceptions, world.Ns, "hotfix", null, CancellationToken.None);
        await world.BeQuietAsync();
        world.Agent("support").Condition("Ready").ShouldBe("True", "its end never stops what serves");
    }

    private static JsonObject Decision(string revision, string action) =>
        new()
        {
            ["revision"] = revision,
            ["action"] = action,
            ["reason"] = "because",
        };

    // A dry run says what the API server would make of the manifest; the revision follows from that alone.
    private static async Task<string> RevisionAsync(RolloutWorld world, string image)
    {
        var agent = Samples.Agent(world.Ns, "support");
        Samples.Set(agent, "spec.template.spec.containers[0].image", image);
        Samples.Set(
            agent,
            "spec.template.spec.containers[0].envFrom",
            new JsonArray(new JsonObject { ["configMapRef"] = new JsonObject { ["name"] = "prompt" } })
        );
        Samples.Set(agent, "spec.template.spec.serviceAccountName", "default");
        var spec = k8s.KubernetesJson.Deserialize<AgentDeployment>(agent.ToJsonString()).Spec;
        var prompt = await world.Api.GetAsync(ConfigMapView.Resource, world.Ns, "prompt", CancellationToken.None);
        using var document = System.Text.Json.JsonDocument.Parse(prompt!.ToJsonString());
        return Api
            .Revisions.Revision.Compute(
                spec,
                new Dictionary<string, string> { ["prompt"] = ConfigMapView.Content(document.RootElement).Digest() }
            )
            .Hash;
    }

    private static Task ExceptAsync(RolloutWorld world, string ns, string name, string revision) =>
        world.Api.CreateAsync(
            Exceptions,
            ns,
            new JsonObject
            {
                ["apiVersion"] = Exceptions.ApiVersion,
                ["kind"] = Exceptions.Kind,
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
                ["spec"] = new JsonObject
                {
                    ["agent"] = new JsonObject { ["namespace"] = world.Ns, ["name"] = "support" },
                    ["revision"] = revision,
                    ["gates"] = new JsonArray("Evals"),
                    ["reason"] = "TICKET-7",
                    ["requestedBy"] = "jo",
                    ["expiresAt"] = TimeProvider
                        .System.GetUtcNow()
                        .AddHours(1)
                        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
                },
            },
            CancellationToken.None
        );

    private static async Task UntilStateAsync(RolloutWorld world, string ns, string name, string state, bool used = false)
    {
        var found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var feed = new Feed(
            world.Api,
            Exceptions,
            ns,
            seen =>
            {
                if (
                    seen.Name == name
                    && seen.Object.Text("status", "state") == state
                    && (!used || seen.Object.Text("status", "usedAt") is not null)
                )
                    found.TrySetResult();
            }
        );
        await found.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    // The endpoints' pods of each revision while there were two, as "stable+candidate", the last of each step.
    private static List<string> Shares(RolloutWorld world)
    {
        var pods = new Dictionary<string, string>(StringComparer.Ordinal);
        var step = 0L;
        var shares = new SortedDictionary<long, string>();
        string? stable = null;
        foreach (var seen in world.Witness.History)
        {
            if (seen.Type == PodView.Resource && seen.Label(Names.RevisionLabel) is { } revision)
                pods[seen.Name] = revision;
            if (seen.Type == Witness.Agents)
            {
                step = seen.Object.At("status", "canary") is null ? 0 : seen.Object.Number("status", "canary", "step");
                stable = seen.Object.Text("status", "servingRevision");
            }
            if (seen.Type != EndpointsView.Endpoints || seen.Name != "support" || step is 0 or > 2)
                continue;
            var counts = seen
                .Object.Items("subsets")
                .SelectMany(subset => subset.Items("addresses"))
                .GroupBy(address => pods[address.Text("targetRef", "name")!] == stable)
                .ToDictionary(group => group.Key, group => group.Count());
            if (counts.Count == 2)
                shares[step] = $"{counts[true]}+{counts[false]}";
        }
        return [.. shares.Values];
    }
}
