using AgentReadiness.Guardrail.Admission;

namespace AgentReadiness.Guardrail.Tests;

public sealed class CallStatesTests
{
    private static readonly CallState[] All = Enum.GetValues<CallState>();

    [Fact]
    public void Exactly_the_listed_states_follow_each_other()
    {
        (CallState From, CallState To)[] listed =
        [
            (CallState.Identified, CallState.Checked),
            (CallState.Identified, CallState.Ended),
            (CallState.Checked, CallState.Claimed),
            (CallState.Checked, CallState.Ended),
            (CallState.Claimed, CallState.Sent),
            (CallState.Claimed, CallState.Settled),
            (CallState.Sent, CallState.Answered),
            (CallState.Sent, CallState.Settled),
            (CallState.Answered, CallState.Settled),
            (CallState.Settled, CallState.Claimed),
            (CallState.Settled, CallState.Ended),
        ];
        foreach (var from in All)
        {
            foreach (var to in All)
                CallStates.May(from, to).ShouldBe(listed.Contains((from, to)), $"{from} to {to}");
        }
    }

    [Fact]
    public void What_has_claimed_ends_only_when_it_is_settled()
    {
        // Every way from Claimed to Ended leads through Settled.
        var reached = new HashSet<CallState> { CallState.Claimed };
        var next = new Queue<CallState>(reached);
        while (next.TryDequeue(out var state))
        {
            foreach (var after in CallStates.After(state))
            {
                if (after != CallState.Settled && reached.Add(after))
                    next.Enqueue(after);
            }
        }
        reached.ShouldNotContain(CallState.Ended);
        CallStates.After(CallState.Ended).ToArray().ShouldBeEmpty();
    }
}
