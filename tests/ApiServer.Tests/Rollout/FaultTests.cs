using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace AgentReadiness.ApiServer.Tests.Rollout;

/// <summary>
/// A first revision is gated and promoted, a second takes over, a third fails and the second stays: whatever the way between the
/// operator and a real API server is like.
/// </summary>
[Collection(ControlPlanes.Faults)]
public sealed partial class FaultTests(SlicelessControlPlane plane)
{
    [Fact]
    public Task With_nothing_in_its_way() => RollOutAsync(_ => { }, Nothing);

    [Fact]
    public Task When_every_fifth_request_is_one_too_many() =>
        RollOutAsync(
            api => api.Plan = (_, number) => number % 5 == 0 ? Fault.TooManyRequests : Fault.None,
            Nothing,
            nameof(Fault.TooManyRequests)
        );

    [Fact]
    public Task When_the_first_try_of_every_write_meets_a_conflict() => OnFirstTriesAsync(Fault.Conflict);

    [Fact]
    public Task When_the_first_try_of_every_write_is_made_and_answered_with_500() => OnFirstTriesAsync(Fault.AnswerLost);

    [Fact]
    public Task When_the_first_try_of_every_write_is_made_and_the_connection_breaks() => OnFirstTriesAsync(Fault.ResetAfter);

    // A resource quota that somebody else just used answers a create so, and nothing was created.
    [Fact]
    public Task When_the_first_try_of_every_create_meets_a_conflict_that_is_not_AlreadyExists()
    {
        var known = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        return RollOutAsync(
            api =>
                api.Plan = (call, _) =>
                    call is { Verb: "POST", IsWrite: true } && known.TryAdd(call.Body, true) ? Fault.Conflict : Fault.None,
            Nothing,
            nameof(Fault.Conflict)
        );
    }

    [Fact]
    public Task When_every_fourth_request_does_not_arrive() =>
        RollOutAsync(api => api.Plan = (_, number) => number % 4 == 0 ? Fault.ResetBefore : Fault.None, Nothing, nameof(Fault.ResetBefore));

    [Fact]
    public Task When_watches_are_cut_in_the_middle_of_a_line() =>
        RollOutAsync(
            api =>
            {
                var opened = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
                // The first two of each resource: once with a fault and once as if the server had closed it.
                api.WatchPlan = call =>
                    opened.AddOrUpdate(call.Resource, 1, (_, count) => count + 1) <= 2 ? WatchFault.CutMidLine : WatchFault.None;
            },
            world => Strike(world, WatchFault.CutMidLine),
            "watch CutMidLine"
        );

    [Fact]
    public Task When_watches_go_silent() =>
        RollOutAsync(_ => { }, world => Strike(world, WatchFault.Silence), "watch Silence", new HastyTime());

    private static void Nothing(RolloutWorld world) { }

    private static void Strike(RolloutWorld world, WatchFault fault)
    {
        foreach (var replica in world.Replicas)
            replica.Api.Strike(fault);
    }

    // A try a second later says the same of another second: it is not a first one again.
    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")]
    private static partial Regex Moment();

    private Task OnFirstTriesAsync(Fault fault)
    {
        var known = new ConcurrentDictionary<(string, string, string), bool>();
        return RollOutAsync(
            api =>
                api.Plan = (call, _) =>
                    call.IsWrite && known.TryAdd((call.Verb, $"{call.Resource}/{call.Name}", Moment().Replace(call.Body, "a moment")), true)
                        ? fault
                        : Fault.None,
            Nothing,
            fault.ToString()
        );
    }

    private async Task RollOutAsync(
        Action<FaultyApi> prepare,
        Action<RolloutWorld> beforeEach,
        string? expected = null,
        TimeProvider? time = null
    )
    {
        await using var world = await RolloutWorld.StartAsync(plane, replicas: 1, time: time, prepare: prepare);
        world.Kubelet.Score("agent:bad", 50);
        await world.LeaderAsync();

        beforeEach(world);
        await world.ApplyAgentAsync("support", "agent:1");
        await world.UntilServesAsync("support", "agent:1");
        beforeEach(world);
        await world.ApplyAgentAsync("support", "agent:2");
        await world.UntilServesAsync("support", "agent:2");
        beforeEach(world);
        await world.ApplyAgentAsync("support", "agent:bad");
        await world.UntilHeldAsync("support", "agent:bad", "agent:2");

        if (expected is not null)
            world.Replicas[0].Api.Done.GetValueOrDefault(expected).ShouldBeGreaterThan(8, "the fault really happened");
        await world.BeQuietAsync();
        world.ShouldHaveServed("support", "agent:1", "agent:2");
    }

    /// <summary>A clock whose long waits are short: a watch is taken for dead after some minutes, which no test can wait for.</summary>
    private sealed class HastyTime : TimeProvider
    {
        private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > Long ? dueTime / 200 : dueTime, period);
    }
}
