using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What rests is left in peace, and others may scale.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class SteadyTests(ModernControlPlane plane)
{
    private static readonly ResourceType Autoscalers = new("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler");

    [Fact]
    public async Task In_steady_state_nothing_is_written_however_often_the_manifest_is_applied_again()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 2);
        world.Kubelet.Score("agent:bad", 50);
        await world.ApplyAgentAsync("served", "agent:1");
        await world.ApplyAgentAsync("held", "agent:bad");
        await world.UntilServesAsync("served", "agent:1");
        await world.UntilHeldAsync("held", "agent:bad", serving: null);
        await world.ApplyAgentAsync("stays", "agent:1");
        await world.UntilServesAsync("stays", "agent:1");
        await world.ApplyAgentAsync("stays", "agent:bad");
        await world.UntilHeldAsync("stays", "agent:bad", "agent:1");

        // Longer than the ledger's sweep.
        await world.BeQuietAsync(11);
        for (var i = 0; i < 3; i++)
        {
            await world.ApplyAgentAsync("served", "agent:1");
            await world.ApplyAgentAsync("held", "agent:bad");
            await world.ApplyAgentAsync("stays", "agent:bad");
        }
        var before = world.Replicas.Sum(replica => replica.Api.Writes.Count);
        await world.BeQuietAsync();

        world.Replicas.Sum(replica => replica.Api.Writes.Count).ShouldBe(before, "the manifests said nothing new");
        world.ShouldHaveServed("served", "agent:1");
        world.ShouldHaveServed("stays", "agent:1");
        world.ShouldHaveServed("held");
    }

    [Fact]
    public async Task Pods_that_do_not_start_hold_the_rollout_with_the_cause_and_last_good_serves()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");

        world.Kubelet.Let("agent:missing", Fate.ImagePullBackOff);
        await world.ApplyAgentAsync("support", "agent:missing");
        await world.UntilAsync(
            "the cause",
            () => world.Agent("support").Condition("Ready", "message")?.Contains("ImagePullBackOff", StringComparison.Ordinal) == true
        );
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1");

        world.Kubelet.Let("agent:missing", Fate.Ready);
        await world.UntilServesAsync("support", "agent:missing");
        world.ShouldHaveServed("support", "agent:1", "agent:missing");
    }

    [Fact]
    public async Task Pods_that_a_LimitRange_refuses_are_told_with_its_message_and_the_agent_s_own_resources_mend_it()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.Api.SendAsync(
            HttpMethod.Post,
            $"/api/v1/namespaces/{world.Ns}/limitranges",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "small" },
                ["spec"] = new JsonObject
                {
                    ["limits"] = new JsonArray(
                        new JsonObject
                        {
                            ["type"] = "Container",
                            ["max"] = new JsonObject { ["memory"] = "600Mi" },
                        }
                    ),
                },
            },
            "application/json",
            CancellationToken.None
        );
        static Action<JsonObject> Memory(string limit) =>
            agent => Samples.Set(agent, "spec.guardrails.resources", JsonNode.Parse($$$"""{"limits":{"memory":"{{{limit}}}"}}"""));

        await world.ApplyAgentAsync("support", "agent:1", 1, Memory("1Gi"));
        await world.UntilAsync(
            "the LimitRange's message",
            () => world.Agent("support").Condition("Ready", "message")?.Contains("maximum memory usage", StringComparison.Ordinal) == true
        );

        await world.ApplyAgentAsync("support", "agent:1", 1, Memory("100Mi"));
        await world.UntilServesAsync("support", "agent:1");
    }

    [Fact]
    public async Task Scale_is_followed_and_a_manifest_without_replicas_leaves_it_alone()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1", replicas: null);
        await world.UntilServesAsync("support", "agent:1");
        Replicas(world).ShouldBe(Defaults.Replicas);

        await world.Api.MergePatchAsync(
            Witness.Agents,
            world.Ns,
            "support",
            "scale",
            new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 3 } },
            CancellationToken.None
        );
        await UntilAvailableAsync(world, 3);
        await world.ApplyAgentAsync("support", "agent:1", replicas: null);
        await world.BeQuietAsync();
        Replicas(world).ShouldBe(3);

        var scale = await world.Api.SendAsync(
            HttpMethod.Get,
            Witness.Agents.Path(world.Ns, "support", "scale"),
            null,
            null,
            CancellationToken.None
        );
        scale.Number("spec", "replicas").ShouldBe(3);
        scale.Number("status", "replicas").ShouldBe(3);
        var selector = scale.Text("status", "selector")!;
        var pods = await world.Api.SendAsync(
            HttpMethod.Get,
            $"{PodView.Resource.Path(world.Ns)}?labelSelector={Uri.EscapeDataString(selector)}",
            null,
            null,
            CancellationToken.None
        );
        pods.Items("items").Count().ShouldBe(3, selector);

        // The next revision is promoted with as many.
        await world.ApplyAgentAsync("support", "agent:2", replicas: null);
        await world.UntilServesAsync("support", "agent:2");
        Replicas(world).ShouldBe(3);
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }

    [Fact]
    public async Task A_HorizontalPodAutoscaler_and_the_operator_do_not_fight()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1", replicas: null);
        await world.UntilServesAsync("support", "agent:1");

        await world.Api.CreateAsync(
            Autoscalers,
            world.Ns,
            new JsonObject
            {
                ["apiVersion"] = Autoscalers.ApiVersion,
                ["kind"] = Autoscalers.Kind,
                ["metadata"] = new JsonObject { ["name"] = "support", ["namespace"] = world.Ns },
                ["spec"] = new JsonObject
                {
                    ["minReplicas"] = 2,
                    ["maxReplicas"] = 4,
                    ["targetCPUUtilizationPercentage"] = 80,
                    ["scaleTargetRef"] = new JsonObject
                    {
                        ["apiVersion"] = Witness.Agents.ApiVersion,
                        ["kind"] = Witness.Agents.Kind,
                        ["name"] = "support",
                    },
                },
            },
            CancellationToken.None
        );
        await UntilAvailableAsync(world, 2);
        await world.ApplyAgentAsync("support", "agent:1", replicas: null);

        await world.BeQuietAsync(5);
        Replicas(world).ShouldBe(2);
        (await world.Api.GetAsync(Witness.Agents, world.Ns, "support", CancellationToken.None)).Number("spec", "replicas").ShouldBe(2);
        world.ShouldHaveServed("support", "agent:1");
    }

    [Fact]
    public async Task An_autoscaler_and_the_end_of_a_shared_budget_do_not_fight()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1", replicas: null);
        await world.UntilServesAsync("support", "agent:1");
        await world.Api.MergePatchAsync(
            Witness.Agents,
            world.Ns,
            "support",
            "scale",
            new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 3 } },
            CancellationToken.None
        );
        await UntilAvailableAsync(world, 3);
        JsonObject Budget(string cap) =>
            new()
            {
                ["apiVersion"] = Witness.Budgets.ApiVersion,
                ["kind"] = Witness.Budgets.Kind,
                ["metadata"] = new JsonObject { ["name"] = "team", ["namespace"] = world.Ns },
                ["spec"] = JsonNode.Parse(
                    $$"""{"namespaces": ["{{world.Ns}}"], "windows": [{"period": "Day", "maxCost": "{{cap}}","""
                        + $$""" "onExhausted": "ScaleDown", "scaleDownTo": 1}]}"""
                ),
            };
        await world.Api.ApplyAsync(Witness.Budgets, world.Ns, "team", Budget("10"), CancellationToken.None);
        await world.UntilAsync(
            "the budget to be open",
            () => world.Witness.Get(Witness.Budgets, "team")?.Object.Items("status", "budget").Any(row => row["ledger"] is not null) == true
        );
        await world.BeQuietAsync();
        await world.ExhaustAsync($"{world.Ns}.team.shared", "20");
        await UntilAsync(world, 1);

        // What an autoscaler asks for meanwhile is kept for later.
        await world.Api.MergePatchAsync(
            Witness.Agents,
            world.Ns,
            "support",
            "scale",
            new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 4 } },
            CancellationToken.None
        );
        await world.BeQuietAsync();
        Replicas(world).ShouldBe(1);
        (await world.Api.GetAsync(Witness.Agents, world.Ns, "support", CancellationToken.None)).Number("spec", "replicas").ShouldBe(4);

        await world.Api.ApplyAsync(Witness.Budgets, world.Ns, "team", Budget("100"), CancellationToken.None);
        await UntilAvailableAsync(world, 4);
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1");
    }

    private static Task UntilAsync(RolloutWorld world, int pods) =>
        world.UntilAsync(
            $"{pods} pods",
            () => Serving(world).Object.Number("status", "availableReplicas") == pods && Replicas(world) == pods
        );

    private static Seen Serving(RolloutWorld world) =>
        world
            .Witness.All(DeploymentView.Resource)
            .Single(deployment =>
                deployment.Label(Names.TrackLabel) == Names.ServingTrack && deployment.Object.Number("spec", "replicas") > 0
            );

    private static long Replicas(RolloutWorld world) => Serving(world).Object.Number("spec", "replicas");

    private static Task UntilAvailableAsync(RolloutWorld world, int pods) =>
        world.UntilAsync(
            $"{pods} pods",
            () =>
                Serving(world).Object.Number("status", "availableReplicas") == pods
                && world.Agent("support").Condition("Ready") == "True"
                && world.Agent("support").Number("status", "replicas") == pods
        );
}
