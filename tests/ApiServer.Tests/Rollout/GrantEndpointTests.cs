using System.Net;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>Who is heard at the grant endpoint, over TLS and with tokens of a real API server, and of what.</summary>
[Collection(ControlPlanes.Parts)]
public sealed class GrantEndpointTests(ControlPlane plane)
{
    private const string Holder = "0123456789abcdef0123";

    [Fact]
    public async Task Only_a_token_of_our_audience_that_is_bound_to_a_pod_of_an_agent_is_heard_and_only_by_the_leader()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 2);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        await world.ApplyAsync(GrantCaller.Accounts, "default", []);
        await world.ApplyAsync(
            PodView.Resource,
            "stranger",
            new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["serviceAccountName"] = "default",
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "main", ["image"] = "main:1" }),
                },
            }
        );
        await world.UntilAsync("the stranger", () => world.Witness.Get(PodView.Resource, "stranger") is not null);
        var pods = world.Witness.All(PodView.Resource).Where(pod => pod.Label(Names.TrackLabel) == Names.ServingTrack).ToList();
        var leader = await world.LeaderAsync();
        using var caller = new GrantCaller(world.Api, leader.Options);
        var good = await caller.TokenAsync(world.Ns, GrantProtocol.Audience, pods[0]);

        (await caller.PostAsync(null, "{}")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await caller.PostAsync("nonsense", "{}")).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await caller.PostAsync(await caller.TokenAsync(world.Ns, "https://kubernetes.default.svc", pods[0]), "{}")).Status.ShouldBe(
            HttpStatusCode.Unauthorized,
            "of another audience"
        );
        (await caller.PostAsync(await caller.TokenAsync(world.Ns, GrantProtocol.Audience, null), "{}")).Status.ShouldBe(
            HttpStatusCode.Unauthorized,
            "bound to no pod"
        );
        (
            await caller.PostAsync(
                await caller.TokenAsync(world.Ns, GrantProtocol.Audience, world.Witness.Get(PodView.Resource, "stranger")),
                "{}"
            )
        ).Status.ShouldBe(HttpStatusCode.Forbidden, "a pod of no agent");
        (await caller.PostAsync(good, "{}")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await caller.PostAsync(good, $$"""{"holder": "{{Holder}}", "settled": 1}""")).Status.ShouldBe(
            HttpStatusCode.BadRequest,
            "an amount is a string"
        );
        (await caller.PostAsync(good, $$"""{"holder": "{{Holder}}", "spend": [{"number": 0}]}""")).ShouldBe(
            (HttpStatusCode.BadRequest, "spend[0].number: must be 1 or more")
        );
        (
            await caller.PostAsync(good, $$"""{"holder": "{{Holder}}", "window": "{{new string('x', GrantProtocol.MaxBytes)}}"}""")
        ).Status.ShouldBe(HttpStatusCode.BadRequest, "too long");
        // Nothing of these is read before they are refused, and still their senders hear why.
        (await caller.PostAsync("nonsense", new string(' ', 900_000))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await caller.PostAsync(null, new string(' ', 20_000_000), SubmissionProtocol.Path)).Status.ShouldBe(HttpStatusCode.BadRequest);
        using var follower = new GrantCaller(world.Api, world.Replicas.Single(replica => replica != leader).Options);
        ((int)(await follower.PostAsync(good, "{}")).Status).ShouldBe(GrantProtocol.Misdirected);

        var ask = $$"""{"holder": "{{Holder}}", "wantTotal": "0.25", "call": "0.25", "also": "0.5"}""";
        var granted = await caller.GrantAsync(good, ask);
        (granted.Outcome, granted.Granted).ShouldBe((GrantOutcome.Granted, Amount.FromMoney(Money.Parse("0.75"))));
        var ledger = await world.Api.GetAsync(ResourceType.Of<BudgetLedger>(), world.Ns, $"{world.Ns}.support", CancellationToken.None);
        ledger.Items("status", "holders").Single().Text("podUid").ShouldBe(pods[0].Uid, "it is written before it is answered");
        (await caller.GrantAsync(good, ask + new string(' ', GrantProtocol.MaxBytes - 1024))).Granted.ShouldBe(
            granted.Granted,
            "a long message is heard, and a repeated one grants no more"
        );
        (await caller.GrantAsync(await caller.TokenAsync(world.Ns, GrantProtocol.Audience, pods[1]), ask)).Outcome.ShouldBe(
            GrantOutcome.HolderClosed,
            "what one pod holds is no other's"
        );

        // The agent is deleted, and its Deployment with it, while the pod still ends.
        await KeepAsync(world, pods[0].Name, "tests/stay");
        await world.RemoveAsync("support");
        await world.UntilAsync(
            "the Deployment to be gone",
            () => !world.Witness.All(DeploymentView.Resource).Any(deployment => deployment.Label(Names.AgentLabel) == "support")
        );
        var report = $$"""{"holder": "{{Holder}}", "window": "{{granted.Window}}", "settled": "0.5", "closing": true}""";
        (await caller.GrantAsync(good, report)).Outcome.ShouldBe(GrantOutcome.Granted);
        ledger = await world.Api.GetAsync(ResourceType.Of<BudgetLedger>(), world.Ns, $"{world.Ns}.support", CancellationToken.None);
        ledger!["status"]!["limits"]![0]!["settled"]!.ToString().ShouldBe("0.5");
        await KeepAsync(world, pods[0].Name, null);
    }

    [Fact]
    public async Task Labels_and_a_token_of_ones_own_make_no_holder_and_a_flood_of_bad_tokens_stops_no_pod()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        await world.ApplyAsync(GrantCaller.Accounts, "default", []);
        var pod = world.Witness.All(PodView.Resource).First(pod => pod.Label(Names.TrackLabel) == Names.ServingTrack);
        var leader = await world.LeaderAsync();
        using var caller = new GrantCaller(world.Api, leader.Options);
        var ask = $$"""{"holder": "{{Holder}}", "wantTotal": "0.25", "call": "0.25", "also": "0.5"}""";

        // Whatever a tenant writes. The ReplicaSet takes a pod over that has its labels, so ownership alone proves nothing.
        (string Name, Action<JsonObject> Change)[] forgeries =
        [
            ("stranger", forged => forged["metadata"]!["labels"]!.AsObject().Remove("pod-template-hash")),
            ("image", forged => Guardrail(forged)["image"] = "evil:1"),
            ("command", forged => Guardrail(forged)["command"] = new JsonArray("/evil")),
            ("token", forged => Agent(forged)["volumeMounts"] = Guardrail(forged)["volumeMounts"]!.DeepClone()),
        ];
        foreach (var (name, change) in forgeries)
        {
            var forged = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["namespace"] = world.Ns,
                    ["labels"] = pod.Object["metadata"]!["labels"]!.DeepClone(),
                    // So that the ReplicaSet, which has a pod too many then, does not take it away under the test.
                    ["finalizers"] = new JsonArray("tests/stay"),
                },
                ["spec"] = pod.Object["spec"]!.DeepClone(),
            };
            change(forged);
            var created = await plane.Api.CreateAsync(PodView.Resource, world.Ns, forged, CancellationToken.None);
            var token = await caller.TokenAsync(world.Ns, GrantProtocol.Audience, name, created.Text("metadata", "uid")!);
            (await caller.PostAsync(token, ask)).Status.ShouldBe(HttpStatusCode.Forbidden, name);
            leader.Log.ShouldContain($"{name} holds no money: ");
            await KeepAsync(world, name, null);
        }
        await world.UntilServesAsync("support", "agent:1");
        pod = world
            .Witness.All(PodView.Resource)
            .First(pod => pod.Label(Names.TrackLabel) == Names.ServingTrack && pod.Name.StartsWith("support-", StringComparison.Ordinal));

        using var over = new CancellationTokenSource();
        var flood = caller.FloodAsync(over.Token);
        for (var i = 0; i < 20; i++)
        {
            // A token that the operator has not seen: it must be reviewed in the middle of the flood.
            var good = await caller.TokenAsync(world.Ns, GrantProtocol.Audience, pod);
            (await caller.GrantAsync(good, ask)).Outcome.ShouldBe(GrantOutcome.Granted, $"{i} of 20");
        }
        await over.CancelAsync();
        (await flood).ShouldBeGreaterThan(100);
    }

    private static Task KeepAsync(RolloutWorld world, string pod, string? finalizer) =>
        world.Api.MergePatchAsync(
            PodView.Resource,
            world.Ns,
            pod,
            null,
            new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = finalizer is null ? null : new JsonArray(finalizer) } },
            CancellationToken.None
        );

    private static JsonNode Guardrail(JsonObject pod) =>
        Containers(pod).First(one => one["name"]!.GetValue<string>() == Names.GuardrailContainer);

    private static JsonNode Agent(JsonObject pod) =>
        Containers(pod).First(one => one["name"]!.GetValue<string>() != Names.GuardrailContainer);

    private static IEnumerable<JsonNode> Containers(JsonObject pod) =>
        pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers"));
}
