using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A place among the calls of the upstream at the same time, for which an attempt waits its turn: half of the time that it may take, and
/// never long. Without it a slow upstream would hold more and more of the agent's calls.
/// </summary>
internal sealed class ConcurrencyClaim(UpstreamStates states, CircuitClaim circuit, TimeProvider time) : ICallClaim
{
    /// <summary>The longest that an attempt waits for its turn.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private const string Limit = "maxConcurrentCalls";
    private const string RunTime = "maxDuration";
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Id => "concurrency";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model | CallKind.Tool | CallKind.Free;

    /// <inheritdoc/>
    public bool Observes(CallContext call) => call.Settings.Reliability.Observe;

    /// <inheritdoc/>
    public async ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        var most = call.Settings.Reliability.MaxConcurrentCalls;
        if (most == 0 || call.IsListening)
            return ClaimResult.Taken;
        var slots = states.Of(call.UpstreamName).Slots;
        if (Observes(call))
        {
            var fits = slots.Overtake(most);
            call.Hold = call.Hold with { HasSlot = true };
            return fits ? ClaimResult.Taken : ClaimResult.Observed(Limit, Full(call, most));
        }
        if (slots.TryEnter(most))
        {
            call.Hold = call.Hold with { HasSlot = true };
            return ClaimResult.Taken;
        }
        var since = time.GetTimestamp();
        var entered = await WaitAsync(call, slots, most);
        var waited = time.GetElapsedTime(since);
        call.Hold = call.Hold with { HasSlot = entered, Waited = entered ? waited : TimeSpan.Zero };
        if (call.IsAbandoned)
        {
            Ended(call);
            return ClaimResult.Abandoned;
        }
        if (!entered && RunOf(call).IsCancellationRequested)
            return ClaimResult.Over(RunTime, RunErrors.Exceeded(RunTime));
        if (!entered)
            return ClaimResult.Over(Limit, Full(call, most));
        if (circuit.Changed(call) is not { } refused)
            return ClaimResult.Taken;
        Ended(call);
        return refused;
    }

    /// <inheritdoc/>
    public void Release(CallContext call) => Ended(call);

    /// <inheritdoc/>
    public void Ended(CallContext call)
    {
        if (!call.Hold.HasSlot)
            return;
        call.Hold = call.Hold with { HasSlot = false, Waited = TimeSpan.Zero };
        states.Of(call.UpstreamName).Slots.Leave(call.Settings.Reliability.MaxConcurrentCalls);
    }

    private async Task<bool> WaitAsync(CallContext call, CallSlots slots, int most)
    {
        // The end of the run ends the wait.
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(call.Http.RequestAborted, RunOf(call));
        return await slots.EnterAsync(most, LongestOf(call), time, leaving.Token);
    }

    private static CancellationToken RunOf(CallContext call) => call.Settings.Limits.Observe ? CancellationToken.None : call.Run!.Deadline;

    private static TimeSpan LongestOf(CallContext call)
    {
        var times = call.Kind == CallKind.Tool ? call.Settings.ToolCall : call.Settings.ModelCall;
        var half = (times.FirstByte < times.Timeout ? times.FirstByte : times.Timeout) / 2;
        return half < LongestWait ? half : LongestWait;
    }

    private static ApiError Full(CallContext call, int most)
    {
        var message =
            $"The pod makes {most} calls of the upstream \"{call.UpstreamName}\" at once (spec.reliability.maxConcurrentCalls), and this "
            + "one found no place in time.";
        return new ApiError(503, "concurrency_limit", message, Retry: true) { Limit = Limit, RetryAfter = Later };
    }
}
