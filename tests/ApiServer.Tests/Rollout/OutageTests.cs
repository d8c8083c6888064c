using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>The API server goes away in the middle of an evaluation and comes back.</summary>
[Collection(ControlPlanes.Faults)]
public sealed class OutageTests(SlicelessControlPlane plane)
{
    // A Lease shorter than the outage is lost, and the process that lost it makes room for a new one; a longer one is kept.
    [Theory]
    [InlineData(30)]
    [InlineData(2)]
    public async Task An_API_server_that_is_killed_costs_no_verdict(double leaseSeconds)
    {
        await using var world = await BeginEvaluationAsync(leaseSeconds);

        await plane.RestartApiServerAsync();
        world.Kubelet.HoldsRunners = false;

        await world.UntilServesAsync("support", "agent:2");
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }

    [Fact]
    public async Task What_happened_before_the_history_was_compacted_is_learned_from_a_list()
    {
        await using var world = await BeginEvaluationAsync(leaseSeconds: 30);
        var leader = await world.LeaderAsync();

        // While the watches tell nothing, the runner ends and everything that tells of it is forgotten.
        foreach (var replica in world.Replicas)
            replica.Api.Strike(WatchFault.Silence);
        world.Kubelet.HoldsRunners = false;
        await world.UntilAsync(
            "the runner to end",
            () => world.Witness.All(PodView.Resource).Count(pod => pod.Object.Text("status", "phase") == "Succeeded") == 2
        );
        await plane.CompactAsync();
        await plane.RestartApiServerAsync();
        foreach (var replica in world.Replicas)
            replica.Api.BreakSilence();

        await world.UntilServesAsync("support", "agent:2");
        leader.Log.ShouldContain("Expired");
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }

    private async Task<RolloutWorld> BeginEvaluationAsync(double leaseSeconds)
    {
        var world = await RolloutWorld.StartAsync(plane, replicas: 2, leaseSeconds);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        world.Kubelet.HoldsRunners = true;
        await world.ApplyAgentAsync("support", "agent:2");
        // The Job's own count says that its controller knows of the pod that it made. A controller whose answer is lost with the API
        // server makes another pod: that is Kubernetes' own doing, and not what is tried here.
        await world.UntilAsync(
            "a second run",
            () =>
                world.Witness.All(Witness.Runs).Any(run => run.Object.Text("status", "phase") == "Running")
                && world.Witness.All(PodView.Resource).Count(pod => pod.Label(Api.Names.EvalRunLabel) is not null) == 2
                && world.Witness.All(JobView.Resource).Any(job => job.Object.Number("status", "active") == 1)
        );
        return world;
    }
}
