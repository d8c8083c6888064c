using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>Two real processes, with the Lease times that users get.</summary>
[Collection(ControlPlanes.Faults)]
public sealed class ProcessTests(SlicelessControlPlane plane)
{
    [Fact]
    public async Task A_leader_that_is_killed_in_the_middle_of_an_evaluation_is_followed_by_the_other_process()
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 0);
        var kubeconfig = plane.WriteKubeconfig(world.Folder);
        await using var one = new OperatorProcess(world.Options("one"), kubeconfig);
        await using var two = new OperatorProcess(world.Options("two"), kubeconfig);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        world.Kubelet.HoldsRunners = true;
        await world.ApplyAgentAsync("support", "agent:2");
        await world.UntilAsync(
            "a second run",
            () =>
                world.Witness.All(Witness.Runs).Any(run => run.Object.Text("status", "phase") == "Running")
                && world.Witness.All(PodView.Resource).Count(pod => pod.Label(Names.EvalRunLabel) is not null) == 2
        );

        var (leader, follower) = one.Leads.IsCompleted ? (one, two) : (two, one);
        leader.Leads.IsCompleted.ShouldBeTrue(leader.Log);
        follower.Leads.IsCompleted.ShouldBeFalse(follower.Log);
        await leader.KillAsync();
        world.Kubelet.HoldsRunners = false;

        await world.UntilServesAsync("support", "agent:2");
        follower.Leads.IsCompleted.ShouldBeTrue(follower.Log);
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }
}
