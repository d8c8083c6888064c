namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// The leader of two replicas dies at every step of a rollout: just before each of its writes, and just after, when the write is made
/// and nobody has seen the answer. The other one ends what it began.
/// </summary>
[Collection(ControlPlanes.Faults)]
public sealed class LeaderCrashTests(SlicelessControlPlane plane, ITestOutputHelper output)
{
    private readonly SortedSet<string> crashedAt = new(StringComparer.Ordinal);
    private readonly HashSet<Step> postponed = [];
    private int crashes;

    [Theory]
    [InlineData(nameof(Fault.CrashBefore), "1s")]
    [InlineData(nameof(Fault.CrashAfter), "0s")]
    public async Task The_leader_may_die_at_every_write(string crash, string drain)
    {
        var fault = Enum.Parse<Fault>(crash);
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 2, leaseSeconds: 1);
        var (first, update) = await MeasureAsync(world, drain);

        var began = TimeProvider.System.GetTimestamp();
        var (firsts, updates) = (new Queue<Step>(first), new Queue<Step>(update));
        for (var i = 0; firsts.Count + updates.Count > 0; i++)
        {
            var agent = $"agent-{i}";
            await RollOutAsync(world, agent, "agent:1", drain, fault, firsts);
            await RollOutAsync(world, agent, "agent:2", drain, fault, updates);
            world.ShouldHaveServed(agent, "agent:1", "agent:2");
            await world.RemoveAsync(agent);
        }
        await world.BeQuietAsync();

        output.WriteLine(
            $"{first.Count} steps bring a first revision up, {update.Count} an update; {crashes} crashes in "
                + $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s"
        );
        output.WriteLine($"postponed: {string.Join(", ", postponed)}");
        first
            .Concat(update)
            .Select(step => step.Kind)
            .Distinct()
            .Except(crashedAt)
            .ShouldBeEmpty("there was a crash at each kind of write");
    }

    private static async Task<(IReadOnlyList<Step> First, IReadOnlyList<Step> Update)> MeasureAsync(RolloutWorld world, string drain)
    {
        await ApplyAsync(world, "measured", "agent:1", drain);
        await world.UntilServesAsync("measured", "agent:1");
        await world.BeQuietAsync(1);
        // Of all replicas: on a busy machine a leader can lose its Lease in between, and the other one goes on.
        var first = world.Replicas.Select(replica => replica.Api.Writes).ToList();
        await ApplyAsync(world, "measured", "agent:2", drain);
        await world.UntilServesAsync("measured", "agent:2");
        await world.BeQuietAsync(1);
        var update = world.Replicas.SelectMany((replica, i) => replica.Api.Writes.Skip(first[i].Count)).ToList();
        world.ShouldHaveServed("measured", "agent:1", "agent:2");
        await world.RemoveAsync("measured");
        return (Steps(first.SelectMany(writes => writes)), Steps(update));
    }

    // A status is written as often as pods report; the later ones of a kind are like those before them.
    // By kind and number and not by position: the two controllers work side by side, so the order differs from run to run.
    private static IReadOnlyList<Step> Steps(IEnumerable<ApiCall> writes) =>
        [.. writes.GroupBy(call => call.Step).SelectMany(group => group.Take(3).Select((_, index) => new Step(group.Key, index + 1)))];

    private static Task ApplyAsync(RolloutWorld world, string agent, string image, string drain) =>
        world.ApplyAgentAsync(agent, image, change: manifest => Samples.Set(manifest, "spec.rollout.drain", drain));

    private async Task RollOutAsync(RolloutWorld world, string agent, string image, string drain, Fault fault, Queue<Step> steps)
    {
        steps.TryDequeue(out var step);
        var leader = await world.LeaderAsync();
        var written = 0;
        leader.Api.Plan = (call, _) =>
            call.IsWrite && call.Step == step?.Kind && Interlocked.Increment(ref written) == step.Number ? fault : Fault.None;
        await ApplyAsync(world, agent, image, drain);
        await world.UntilServesAsync(agent, image);
        leader.Api.Plan = (_, _) => Fault.None;
        if (leader.Api.CrashedAt is { } call)
        {
            crashes++;
            crashedAt.Add(call.Step);
            await world.AddReplicaAsync();
        }
        else if (step is { Number: 1 } && postponed.Add(step))
        {
            // With a Lease this short a busy machine makes a leader of the other one without our doing: its turn comes again.
            steps.Enqueue(step);
        }
    }

    private sealed record Step(string Kind, int Number);
}
