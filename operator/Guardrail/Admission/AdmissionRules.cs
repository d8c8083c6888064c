using System.Numerics;
using AgentReadiness.Guardrail.Budget;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// All checks and claims, in the order in which a call meets them. A new one is a file of its own and a line here. Whether limits refuse or
/// are only observed is decided here, for each of them alike.
/// </summary>
internal sealed class AdmissionRules(IReadOnlyList<ICallCheck> checks, IReadOnlyList<ICallClaim> claims)
{
    private readonly ICallCheck[] checks = [.. checks];
    private readonly ICallClaim[] claims =
        claims.Count <= 32 ? [.. claims] : throw new ArgumentException("a call holds at most 32 claims", nameof(claims));

    /// <summary>The checks of this program.</summary>
    public static IReadOnlyList<ICallCheck> Checks { get; } =
    [
        new StoppingCheck(),
        new ToolFailuresCheck(),
        new ScreeningCheck(),
        new ModelAllowedCheck(),
        new ToolAllowedCheck(),
        new ToolChangedCheck(),
        new ToolSchemaCheck(),
        new ModelPricedCheck(),
        new ContextCheck(),
        new ModelOverrunCheck(),
        new ProviderKeyCheck(),
        new BoundedCostCheck(),
        new CallCostCheck(),
    ];

    /// <summary>The claims of this program.</summary>
    /// <param name="limiter">The pod's rate.</param>
    /// <param name="grants">Where money comes from.</param>
    /// <param name="overruns">Models that are refused.</param>
    /// <param name="upstream">The claims on an upstream; null: none, for those who try the others alone.</param>
    /// <param name="effects">The right to send what has side effects; null: none, likewise.</param>
    /// <remarks>
    /// A call with side effects asks first whether it was sent before: it needs nothing of its upstream then. Next, a call asks whether its
    /// upstream is there and has room, so that a call that is refused, or waits, takes no place in the rate,
    /// no step and no money.
    /// </remarks>
    public static IReadOnlyList<ICallClaim> Claims(
        RateLimiter limiter,
        GrantClient grants,
        OverrunList overruns,
        UpstreamClaims? upstream = null,
        ICallClaim? effects = null
    ) =>
        [
            .. effects is null ? (ICallClaim[])[] : [effects],
            .. upstream is null ? (ICallClaim[])[] : [upstream.Circuit, upstream.Concurrency, upstream.Retries],
            new RateClaim(limiter),
            new RunStepClaim(),
            new RunToolCallClaim(),
            new ReservationClaim(grants, overruns),
        ];

    /// <summary>The first check that refuses a call, if any does.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wouldRefuse">Is told the limits that would refuse it, where they are only observed.</param>
    public CallRefusal? Check(CallContext call, Action<CallContext, string> wouldRefuse)
    {
        foreach (var check in checks)
        {
            if ((check.Kinds & call.Kind) == 0 || check.Find(call) is not { } error)
                continue;
            if (check.Limit is not { } limit || !call.Observes)
                return new CallRefusal(check.Id, error);
            wouldRefuse(call, limit);
        }
        return null;
    }

    /// <summary>Takes all claims of an attempt, or none: where one is refused, those before it are released, the last one first.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wouldRefuse">Is told the limits that would refuse it, where they are only observed.</param>
    /// <returns>Whether all are taken; if not, the refusal, or none where the agent has gone.</returns>
    public async ValueTask<(bool Taken, CallRefusal? Refusal)> ClaimAsync(CallContext call, Action<CallContext, string> wouldRefuse)
    {
        call.Claimed = 0;
        for (var i = 0; i < claims.Length; i++)
        {
            if ((claims[i].Kinds & call.Kind) == 0)
                continue;
            var result = await claims[i].TakeAsync(call);
            if (result.IsTaken)
                call.Claimed |= 1u << i;
            if (result.Error is { } error)
            {
                // A claim that was taken all the same is of a budget that is only observed.
                if (result.Limit is not { } limit || !(result.IsTaken || claims[i].Observes(call)))
                {
                    Release(call);
                    return (false, new CallRefusal(claims[i].Id, error));
                }
                wouldRefuse(call, limit);
            }
            else if (!result.IsTaken)
            {
                Release(call);
                return (false, null);
            }
        }
        return (true, null);
    }

    /// <summary>An attempt has ended, whatever became of it: what it held for its time is given back.</summary>
    public void Ended(CallContext call)
    {
        while (call.Claimed != 0)
        {
            var last = BitOperations.Log2(call.Claimed);
            call.Claimed &= ~(1u << last);
            claims[last].Ended(call);
        }
    }

    private void Release(CallContext call)
    {
        while (call.Claimed != 0)
        {
            var last = BitOperations.Log2(call.Claimed);
            claims[last].Release(call);
            call.Claimed &= ~(1u << last);
        }
    }
}
