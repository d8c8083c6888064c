using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;
using AgentReadiness.Runtime;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>What evals are to the gate, with a real API server and real Job controllers.</summary>
[Collection(ControlPlanes.Rollouts)]
public sealed class EvalWorldTests(ModernControlPlane plane)
{
    [Fact]
    public async Task A_regression_against_what_serves_blocks_although_the_bar_is_cleared()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        static void Bar(JsonObject agent)
        {
            Samples.Set(agent, "spec.evals[0].minScore", "0.7");
            Samples.Set(agent, "spec.evals[0].maxRegression", "0.02");
        }
        world.Kubelet.Score("agent:worse", 88);
        world.Kubelet.Score("agent:near", 99);
        await world.ApplyAgentAsync("support", "agent:1", 2, Bar);
        await world.UntilServesAsync("support", "agent:1");
        var first = Run(world, "agent:1");
        first.At("spec", "baseline").ShouldBeNull("nothing served before");
        first.Number("status", "kept").ShouldBe(100);

        await world.ApplyAgentAsync("support", "agent:worse", 2, Bar);
        await world.UntilHeldAsync("support", "agent:worse", "agent:1");
        var held = Run(world, "agent:worse");
        held.Text("spec", "baseline").ShouldBe(first.Text("metadata", "name"));
        held.Text("status", "reason").ShouldBe(EvalReasons.Regressed);
        held.Text("status", "message")!.ShouldContain("over 100 common cases");
        world.Agent("support").Condition("Stalled", "message")!.ShouldContain("0.880 after 1.000");

        await world.ApplyAgentAsync("support", "agent:near", 2, Bar);
        await world.UntilServesAsync("support", "agent:near");
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1", "agent:near");
    }

    [Fact]
    public async Task Runs_wait_for_their_places_and_each_gets_one()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        world.Kubelet.HoldsRunners = true;
        var places = new EvalLimits(10, 4).Namespace;
        string[] agents = [.. Enumerable.Range(0, places + 2).Select(index => $"agent-{index}")];
        foreach (var agent in agents)
            await world.ApplyAgentAsync(agent, $"image:{agent}", 1);
        int Count(string phase) => world.Witness.All(Witness.Runs).Count(run => run.Object.Text("status", "phase") == phase);
        await world.UntilAsync("the queue", () => Count("Running") == places && Count("Pending") == 2);
        world
            .Witness.All(Witness.Runs)
            .Where(run => run.Object.Text("status", "phase") == "Pending")
            .ShouldAllBe(run => run.Object.Text("status", "reason") == EvalReasons.Queued);
        world.Witness.All(JobView.Resource).Count.ShouldBe(places);
        await world.BeQuietAsync();

        world.Kubelet.HoldsRunners = false;
        foreach (var agent in agents)
            await world.UntilServesAsync(agent, $"image:{agent}");
        world
            .Witness.History.Where(seen => seen.Type == Witness.Runs)
            .Select(seen => seen.Object)
            .GroupBy(run => run.Text("metadata", "name"))
            .ShouldAllBe(run => run.Count(version => version.Text("status", "phase") == "Running") == 1);
    }

    [Fact]
    public async Task A_runner_that_a_quota_refuses_is_told_and_runs_when_there_is_room()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1);
        // No quota controller runs here, so the test writes what it would count. There is room for the candidate's pod alone.
        async Task QuotaAsync(string pods) =>
            await world.Api.MergePatchAsync(
                Quotas,
                world.Ns,
                "few",
                "status",
                new JsonObject
                {
                    ["status"] = new JsonObject { ["hard"] = Pods(pods), ["used"] = Pods(pods == "1" ? "0" : "1") },
                },
                CancellationToken.None
            );
        await world.ApplyAsync(Quotas, "few", new JsonObject { ["spec"] = new JsonObject { ["hard"] = Pods("1") } });
        await QuotaAsync("1");
        await world.ApplyAgentAsync("support", "agent:1", 1);
        await world.UntilAsync(
            "the refusal",
            () =>
                world
                    .Witness.All(Witness.Runs)
                    .Any(run =>
                        run.Object.Text("status", "reason") == EvalReasons.RunnerRefused
                        && run.Object.Text("status", "message")!.Contains("exceeded quota: few", StringComparison.Ordinal)
                        && run.Object.Text("status", "phase") == "Running"
                    )
        );
        await world.UntilAsync(
            "the agent to tell it",
            () =>
                world.Agent("support").Condition("EvalsPassed", "message")?.EndsWith("Running (RunnerRefused)", StringComparison.Ordinal)
                == true
        );
        await QuotaAsync("100");
        await world.UntilServesAsync("support", "agent:1", seconds: 120);
        Run(world, "agent:1").Text("status", "reason").ShouldBe(EvalReasons.ScoreCleared);
    }

    private static readonly ResourceType Quotas = new(string.Empty, "v1", "resourcequotas", "ResourceQuota");

    private static JsonObject Pods(string count) => new() { ["pods"] = count };

    private static JsonObject Run(RolloutWorld world, string image) =>
        world.Witness.All(Witness.Runs).Single(run => world.Witness.ImageOf(run.Object.Text("spec", "revision")!) == image).Object;
}
