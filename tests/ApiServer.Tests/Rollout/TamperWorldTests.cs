using AgentReadiness.Api;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What others do to an agent's objects is set back or told, and then it is quiet again.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class TamperWorldTests(ModernControlPlane plane)
{
    private static readonly ResourceType Disruptions = DisruptionView.Resource("v1beta1");
    private static readonly ResourceType Events = new(string.Empty, "v1", "events", "Event");

    [Fact]
    public async Task Edited_and_deleted_children_are_as_declared_again()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync(
            "support",
            "agent:1",
            2,
            agent => agent["spec"]!["podDisruptionBudget"] = new JsonObject { ["maxUnavailable"] = "1" }
        );
        await world.UntilServesAsync("support", "agent:1");
        await world.BeQuietAsync();
        var name = $"support-{world.Agent("support").Text("status", "servingRevision")}";
        (await DisruptionAsync(world)).Number("spec", "maxUnavailable").ShouldBe(1);

        // Somebody adds a container, which server-side apply alone would leave.
        await EditAsync(
            world,
            DeploymentView.Resource,
            name,
            "add",
            "/spec/template/spec/containers/-",
            new JsonObject { ["name"] = "guest", ["image"] = "guest:1" }
        );
        await world.UntilAsync(
            "the guest to go",
            () => Containers(world, name) is { } containers && !containers.Contains("guest") && Generation(world, name) > 2
        );
        await world.UntilServesAsync("support", "agent:1");
        await EditAsync(world, DeploymentView.Resource, name, "replace", "/spec/replicas", 7);
        await world.UntilAsync(
            "two pods",
            () => Generation(world, name) > 4 && world.Witness.Get(DeploymentView.Resource, name)!.Object.Number("spec", "replicas") == 2
        );
        await EditAsync(world, Disruptions, "support", "replace", "/spec/maxUnavailable", 2);
        await world.BeQuietAsync();
        (await DisruptionAsync(world)).Number("spec", "maxUnavailable").ShouldBe(1);

        var uid = world.Witness.Get(DeploymentView.Resource, name)!.Uid;
        await world.Api.DeleteAsync(DeploymentView.Resource, world.Ns, name, null, CancellationToken.None);
        await world.UntilAsync(
            "another Deployment",
            () => world.Witness.Get(DeploymentView.Resource, name) is { } again && again.Uid != uid
        );
        await world.UntilServesAsync("support", "agent:1");
        await world.BeQuietAsync();

        var told = (await EventsAsync(world))
            .Where(note => note.Text("reason") == Reasons.DriftReverted)
            .Select(note => note.Text("message")!)
            .ToList();
        told.ShouldContain(message =>
            message.Contains("Deployment", StringComparison.Ordinal) && message.Contains("intruder", StringComparison.Ordinal)
        );
        told.ShouldContain(message => message.Contains("PodDisruptionBudget", StringComparison.Ordinal));

        await world.Api.MergePatchAsync(
            Witness.Agents,
            world.Ns,
            "support",
            null,
            new JsonObject { ["spec"] = new JsonObject { ["podDisruptionBudget"] = null } },
            CancellationToken.None
        );
        await world.BeQuietAsync();
        (await world.Api.GetAsync(Disruptions, world.Ns, "support", CancellationToken.None)).ShouldBeNull("the spec no longer has one");
    }

    [Fact]
    public async Task A_Service_that_was_pointed_elsewhere_is_set_back()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        await EditAsync(world, ServiceView.Resource, "support", "replace", "/spec/selector", new JsonObject { ["app"] = "elsewhere" });
        await world.UntilAsync(
            "the selector",
            () =>
                world.Witness.Get(ServiceView.Resource, "support")!.Object.At("spec", "selector", Names.TrackLabel)?.GetValue<string>()
                == Names.ServingTrack
        );
        await world.BeQuietAsync();
        (await EventsAsync(world)).ShouldContain(note =>
            note.Text("reason") == Reasons.DriftReverted && note.Text("message")!.Contains("Service", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task No_candidate_has_pods_while_a_foreign_Service_would_select_them()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        void App(JsonObject agent) =>
            agent["spec"]!["template"]!["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = "support" } };
        await ServeAsync(world, "thief", new JsonObject { ["app"] = "support" });
        await world.ApplyAgentAsync("support", "agent:1", 2, App);
        await world.UntilAsync("the refusal", () => world.Agent("support").Condition("Stalled", "reason") == Reasons.ForeignService);
        world.Agent("support").Condition("Stalled", "message")!.ShouldContain($"{world.Ns}/thief");
        await world.BeQuietAsync();
        world.Witness.All(PodView.Resource).ShouldBeEmpty();

        await world.Api.DeleteAsync(ServiceView.Resource, world.Ns, "thief", null, CancellationToken.None);
        await world.UntilServesAsync("support", "agent:1");
        world.ShouldHaveServed("support", "agent:1");
    }

    [Fact]
    public async Task A_claim_for_one_pod_is_refused_and_one_for_many_is_not()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        void Claim(JsonObject agent) =>
            agent["spec"]!["template"]!["spec"]!["volumes"] = JsonNode.Parse(
                """[{"name": "store", "persistentVolumeClaim": {"claimName": "store"}}]"""
            );
        await world.ApplyAgentAsync("support", "agent:1", 2, Claim);
        await world.UntilAsync("the wait", () => world.Agent("support").Condition("Reconciling", "reason") == Reasons.ClaimNotFound);
        await ClaimAsync(world, "ReadWriteOnce");
        await world.UntilAsync("the refusal", () => world.Agent("support").Condition("Stalled", "reason") == Reasons.ClaimNotShareable);
        await world.Api.DeleteAsync(ClaimView.Resource, world.Ns, "store", null, CancellationToken.None);
        // The controller that would do this does not run here.
        await world.Api.MergePatchAsync(
            ClaimView.Resource,
            world.Ns,
            "store",
            null,
            new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } },
            CancellationToken.None
        );
        await world.UntilAsync("the wait again", () => world.Agent("support").Condition("Reconciling", "reason") == Reasons.ClaimNotFound);
        await ClaimAsync(world, "ReadWriteMany");
        await world.UntilServesAsync("support", "agent:1");
    }

    private static Task EditAsync(RolloutWorld world, ResourceType type, string name, string operation, string path, JsonNode value) =>
        world.Api.SendAsync(
            HttpMethod.Patch,
            $"{type.Path(world.Ns, name)}?fieldManager=intruder",
            new JsonArray(
                new JsonObject
                {
                    ["op"] = operation,
                    ["path"] = path,
                    ["value"] = value,
                }
            ),
            "application/json-patch+json",
            CancellationToken.None
        );

    private static Task ServeAsync(RolloutWorld world, string name, JsonObject selector) =>
        world.Api.CreateAsync(
            ServiceView.Resource,
            world.Ns,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Service",
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = world.Ns },
                ["spec"] = new JsonObject { ["selector"] = selector, ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
            },
            CancellationToken.None
        );

    private static Task ClaimAsync(RolloutWorld world, string mode) =>
        world.Api.CreateAsync(
            ClaimView.Resource,
            world.Ns,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "PersistentVolumeClaim",
                ["metadata"] = new JsonObject
                {
                    ["name"] = "store",
                    ["namespace"] = world.Ns,
                    ["labels"] = new JsonObject { [Names.UsableByAgentsLabel] = "true" },
                },
                ["spec"] = new JsonObject
                {
                    ["accessModes"] = new JsonArray(mode),
                    ["resources"] = new JsonObject { ["requests"] = new JsonObject { ["storage"] = "1Gi" } },
                },
            },
            CancellationToken.None
        );

    private static IReadOnlyList<string> Containers(RolloutWorld world, string deployment) =>
        [
            .. (
                world.Witness.Get(DeploymentView.Resource, deployment)?.Object.Items("spec", "template", "spec", "containers") ?? []
            ).Select(container => container.Text("name")!),
        ];

    private static long Generation(RolloutWorld world, string deployment) =>
        world.Witness.Get(DeploymentView.Resource, deployment)!.Object.Number("metadata", "generation");

    private static async Task<JsonObject> DisruptionAsync(RolloutWorld world) =>
        (await world.Api.GetAsync(Disruptions, world.Ns, "support", CancellationToken.None))!;

    private static async Task<IReadOnlyList<JsonNode>> EventsAsync(RolloutWorld world) =>
        [.. (await world.Api.SendAsync(HttpMethod.Get, Events.Path(world.Ns), null, null, CancellationToken.None)).Items("items")];
}
