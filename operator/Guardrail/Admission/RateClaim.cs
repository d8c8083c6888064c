using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>A place in the pod's rate of model calls and tokens. Each attempt needs one: providers count attempts.</summary>
internal sealed class RateClaim(RateLimiter limiter) : ICallClaim
{
    /// <inheritdoc/>
    public string Id => "rate";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model;

    /// <inheritdoc/>
    public ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        var tokens = call.Model!.Share.Tokens;
        if (limiter.TryTake(call.Settings.Limits, tokens) is not { } busy)
            return new(ClaimResult.Taken);
        var error = new ApiError(429, "rate_limited", $"This pod may not make more calls now: {busy.Limit}.", Retry: true)
        {
            Limit = busy.Limit,
            RetryAfter = busy.After,
        };
        return new(ClaimResult.Over(busy.Limit, error));
    }

    /// <inheritdoc/>
    public void Release(CallContext call) => limiter.Release(call.Settings.Limits, call.Model!.Share.Tokens);
}
