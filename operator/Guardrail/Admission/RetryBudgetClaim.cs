using System.IO.Hashing;
using System.Text;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// A place in the retry budget of the upstream for a call that repeats one that failed lately. It does not matter who repeats it: the
/// guardrail takes its place for a further attempt before it waits for it, and an SDK's retry is known here, by the same run, the same
/// endpoint and the same body, or because it says that it is one.
/// </summary>
internal sealed class RetryBudgetClaim(UpstreamStates states, IUpstreamObserver observer, TimeProvider time) : ICallClaim
{
    /// <summary>The limit's name.</summary>
    public const string Limit = "retryBudgetPercent";

    // The SDKs of OpenAI and Anthropic count their retries in it.
    private const string RetryCount = "x-stainless-retry-count";

    /// <inheritdoc/>
    public string Id => "retry-budget";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model | CallKind.Tool | CallKind.Free;

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <inheritdoc/>
    public bool Observes(CallContext call) => call.Settings.Reliability.Observe;

    /// <summary>
    /// Takes a place for a further attempt of a call that has failed. It is kept until that attempt has its other claims, and given back by
    /// <see cref="GiveBack"/> where that never comes.
    /// </summary>
    public bool TryRepeat(CallContext call)
    {
        if (call.Settings.Reliability.RetryBudgetPercent is not { } percent)
            return true;
        GiveBack(call);
        if (states.Of(call.UpstreamName).Retries.TryRepeat(percent, Now) is not { } mark)
            return false;
        call.Hold = call.Hold with { Next = mark };
        return true;
    }

    /// <summary>No further attempt follows: the place of one that was not made is given back.</summary>
    public void GiveBack(CallContext call)
    {
        if (call.Hold.Next is { } mark)
            states.Of(call.UpstreamName).Retries.Undo(mark);
        call.Hold = call.Hold with { Next = null };
    }

    /// <summary>A further attempt does not follow, since there was no place for it.</summary>
    public void Refuse(CallContext call)
    {
        call.IsOverRetryBudget = true;
        observer.NotRetried(call);
    }

    /// <inheritdoc/>
    public ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        if (call.Settings.Reliability.RetryBudgetPercent is not { } percent)
            return new(ClaimResult.Taken);
        // A further attempt has its place already.
        if (call.Attempt > 1)
        {
            call.Hold = call.Hold with { Mark = call.Hold.Next, Next = null };
            return new(ClaimResult.Taken);
        }
        var state = states.Of(call.UpstreamName);
        // What another upstream has had and failed is repeated here, whatever this one had before.
        var isFallback = call.From is { Call.WasTried: true };
        if (!isFallback && !IsRepeat(call, state))
        {
            call.Hold = call.Hold with { Mark = state.Retries.Call(Now) };
            return new(ClaimResult.Taken);
        }
        if (state.Retries.TryRepeat(percent, Now) is not { } mark)
            return new(ClaimResult.Over(Limit, UsedUp(call)));
        call.Hold = call.Hold with { Mark = mark };
        if (!isFallback)
            observer.Repeated(call);
        return new(ClaimResult.Taken);
    }

    /// <inheritdoc/>
    public void Release(CallContext call)
    {
        if (call.Hold.Mark is { } mark)
            states.Of(call.UpstreamName).Retries.Undo(mark);
        call.Hold = call.Hold with { Mark = null };
    }

    /// <inheritdoc/>
    public void Ended(CallContext call)
    {
        call.Hold = call.Hold with { Mark = null };
        if (call.Settings.Reliability.RetryBudgetPercent is null)
            return;
        var failures = states.Of(call.UpstreamName).Failures;
        if (!call.End.MayBeRepeated && (call.End.Verdict == UpstreamVerdict.None || failures.IsEmpty))
            return;
        if (Fingerprint(call) is not { } print)
            return;
        if (call.End.MayBeRepeated)
            failures.Add(print, Now);
        else
            failures.Remove(print);
    }

    private bool IsRepeat(CallContext call, UpstreamState state) =>
        SaysSo(call.Http.Request.Headers) || (!state.Failures.IsEmpty && Fingerprint(call) is { } print && state.Failures.Has(print, Now));

    private static bool SaysSo(IHeaderDictionary headers) =>
        headers.TryGetValue(RetryCount, out var count) && count.Count == 1 && int.TryParse(count[0], out var times) && times > 0;

    /// <summary>What is the same for calls of a run that are the same. Null where the body was not read, so that nobody knows.</summary>
    private static UInt128? Fingerprint(CallContext call)
    {
        if (!CallPrint.IsWhole(call) || call.IsListening)
            return null;
        var hash = new XxHash128();
        hash.Append(BitConverter.GetBytes(CallPrint.Of(call)));
        hash.Append(Encoding.UTF8.GetBytes(call.Run!.Id));
        return hash.GetCurrentHashAsUInt128();
    }

    private static ApiError UsedUp(CallContext call)
    {
        var message =
            $"This call repeats one that failed a moment ago, and the pod has repeated as many calls of the upstream "
            + $"\"{call.UpstreamName}\" as it may (spec.reliability.retryBudgetPercent): go on without it.";
        return new ApiError(503, "retry_budget_exhausted", message) { Limit = Limit };
    }
}
