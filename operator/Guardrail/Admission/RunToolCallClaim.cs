using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>A tool call of the run. A second attempt is the same call.</summary>
internal sealed class RunToolCallClaim : ICallClaim
{
    /// <inheritdoc/>
    public string Id => "run-tool-call";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Tool;

    /// <inheritdoc/>
    public ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        // What is no call of a tool, such as a list of them, is not counted.
        if (call.Tool is not { IsCall: true })
            return new(ClaimResult.Taken);
        var limits = call.Settings.Limits;
        // A further attempt is the same call. Only the time of the run may be over by now.
        if (call.Attempt > 1)
        {
            const string time = "maxDuration";
            return call.Run!.Deadline.IsCancellationRequested
                ? new(
                    limits.Observe ? ClaimResult.Observed(time, RunErrors.Exceeded(time)) : ClaimResult.Over(time, RunErrors.Exceeded(time))
                )
                : new(ClaimResult.Taken);
        }
        if (call.Run!.TryToolCall(limits, Fingerprint(call)) is not { } over)
            return new(ClaimResult.Taken);
        var error = RunErrors.Exceeded(over);
        return new(limits.Observe ? ClaimResult.Observed(over, error) : ClaimResult.Over(over, error));
    }

    /// <inheritdoc/>
    public void Release(CallContext call)
    {
        if (call.Tool is { IsCall: true } && call.Attempt == 1)
            call.Run!.ReleaseToolCall(Fingerprint(call));
    }

    private static UInt128 Fingerprint(CallContext call) => call.Settings.Limits.MaxRepeats == 0 ? default : CallPrint.Of(call);
}
