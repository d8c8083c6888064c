namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// Which state of a call may follow which. What is not listed may not: each attempt that claimed anything is settled exactly once.
/// </summary>
internal static class CallStates
{
    /// <summary>The states that may follow.</summary>
    public static ReadOnlySpan<CallState> After(CallState state) =>
        state switch
        {
            // Refused by its own reading, or by a check.
            CallState.Identified => [CallState.Checked, CallState.Ended],
            // Refused by a claim.
            CallState.Checked => [CallState.Claimed, CallState.Ended],
            // A fault before anything was sent settles what was claimed.
            CallState.Claimed => [CallState.Sent, CallState.Settled],
            // The upstream did not answer.
            CallState.Sent => [CallState.Answered, CallState.Settled],
            CallState.Answered => [CallState.Settled],
            // The next attempt claims anew.
            CallState.Settled => [CallState.Claimed, CallState.Ended],
            _ => [],
        };

    /// <summary>Whether one state may follow another.</summary>
    public static bool May(CallState from, CallState to) => After(from).Contains(to);
}
