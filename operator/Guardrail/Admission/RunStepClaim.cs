using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A step of the run, with what it may cost and use. A further attempt, and one at another upstream, has its step already and takes only
/// the cost.
/// </summary>
internal sealed class RunStepClaim : ICallClaim
{
    /// <inheritdoc/>
    public string Id => "run-step";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        var (run, limits, share) = (call.Run!, call.Settings.Limits, call.Model!.Share);
        var over = call.HasStep ? run.TryRetry(limits, share) : run.TryStep(limits, share, Fingerprint(call));
        if (over is null)
            return new(ClaimResult.Taken);
        var error = RunErrors.Exceeded(over);
        return new(limits.Observe ? ClaimResult.Observed(over, error) : ClaimResult.Over(over, error));
    }

    /// <inheritdoc/>
    public void Release(CallContext call)
    {
        if (call.HasStep)
            call.Run!.Settle(call.Model!.Share, default, 0);
        else
            call.Run!.ReleaseStep(call.Model!.Share, Fingerprint(call));
    }

    // A call is the same one wherever it is answered.
    private static UInt128 Fingerprint(CallContext call) =>
        call.Settings.Limits.MaxRepeats > 0 ? CallPrint.Of(call.From?.Call ?? call) : default;
}
