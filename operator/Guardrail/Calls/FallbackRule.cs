using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Which failures of an upstream another one may not have: the closed list of why a call goes elsewhere. What says that the caller is
/// wrong, and what the guardrail itself refuses for money, rate, policy or the run, is not in it. Pure.
/// </summary>
internal static class FallbackRule
{
    /// <summary>What a status says; null: nothing that another upstream would do better.</summary>
    public static FallbackReason? OfStatus(int status) =>
        status switch
        {
            429 => FallbackReason.RateLimited,
            529 => FallbackReason.Overloaded,
            >= 500 and <= 599 => FallbackReason.ServerError,
            _ => null,
        };

    /// <summary>What it says that an upstream gave no answer at all.</summary>
    public static FallbackReason? OfFault(UpstreamFault fault) =>
        fault switch
        {
            UpstreamFault.Unreachable => FallbackReason.Unreachable,
            UpstreamFault.BrokenOff => FallbackReason.BrokenOff,
            UpstreamFault.Timeout => FallbackReason.Timeout,
            _ => null,
        };

    /// <summary>What a refusal of our own says, by its stable code.</summary>
    public static FallbackReason? OfRefusal(string code) => code == CircuitClaim.Code ? FallbackReason.CircuitOpen : null;

    /// <summary>
    /// Whether a call can go elsewhere at all: a model call that was made for no other one, to which nothing was answered yet, whose agent
    /// is there and whose run is not over.
    /// </summary>
    public static bool MayGo(CallContext call) =>
        call is { Kind: CallKind.Model, From: null, IsAbandoned: false }
        && !call.Http.Response.HasStarted
        && !call.Run!.Deadline.IsCancellationRequested;
}
