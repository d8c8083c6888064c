using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// The fallback of an upstream: its calls that fail are made at another one, as calls of that one, which are read, checked, priced and
/// claimed for anew. One hop, and only of what means the same there.
/// </summary>
internal sealed class Fallbacks(ModelRoute route, AdmissionRules rules, ICallObserver observer)
{
    /// <summary>Why a call did not go elsewhere, where that is none of a refusal's codes: it is only observed.</summary>
    public const string Observed = "observed";

    /// <summary>The same: the call leans on what its provider has stored, or can read alone.</summary>
    public const string Stateful = "stateful";

    // Gemini's form of a stream, and Azure's version.
    private static readonly string[] Parameters = ["alt", "api-version"];

    private readonly Action<CallContext, string> wouldRefuse = observer.WouldRefuse;

    /// <summary>
    /// Why an answer of the upstream is kept from the agent, since the call goes elsewhere; null: it is the agent's. Nothing but a claim
    /// can still come between.
    /// </summary>
    /// <param name="call">The call; no further attempt of it follows.</param>
    /// <param name="status">What the upstream answered.</param>
    public FallbackReason? Instead(CallContext call, int status)
    {
        if (
            FallbackRule.OfStatus(status) is not { } reason
            || call.Settings.FallbackOf(call.UpstreamName) is not { } declared
            || !FallbackRule.MayGo(call)
        )
            return null;
        if (call.Settings.Reliability.Observe)
        {
            Observes(call, declared, reason);
            return null;
        }
        // What the run has left is known when this attempt is booked.
        if (Prepare(call, declared, reason, (null, null), static (_, _) => { }) is not { Why: { } why })
            return reason;
        observer.NotFellBack(call, declared.Upstream.Name, reason, why);
        return null;
    }

    /// <summary>The call in whose shape a call that failed goes elsewhere; null: it does not.</summary>
    /// <param name="call">The call.</param>
    /// <param name="last">How its last attempt ended; null where there was none.</param>
    /// <param name="refusal">What refused the next one; null where nothing did.</param>
    public CallContext? After(CallContext call, CallOutcome? last, CallRefusal? refusal)
    {
        if (
            call.Settings.FallbackOf(call.UpstreamName) is not { } declared
            || (refusal is null ? last?.FallsBack : FallbackRule.OfRefusal(refusal.Error.Code)) is not { } reason
            || !FallbackRule.MayGo(call)
        )
            return null;
        if (call.Settings.Reliability.Observe)
        {
            Observes(call, declared, reason);
            return null;
        }
        var (target, why) = Prepare(call, declared, reason, call.Run!.Left(call.Settings.Limits), wouldRefuse);
        if (why is not null)
            observer.NotFellBack(call, declared.Upstream.Name, reason, why);
        return call.Fallback = target;
    }

    /// <summary>A limit that is only observed would have refused a call, which may have a fallback.</summary>
    public void WouldRefuse(CallContext call, string limit)
    {
        observer.WouldRefuse(call, limit);
        if (limit == CircuitClaim.Limit && call.Settings.FallbackOf(call.UpstreamName) is { } declared && FallbackRule.MayGo(call))
            Observes(call, declared, FallbackReason.CircuitOpen);
    }

    /// <summary>A call has all that it needs to be made in the place of another one.</summary>
    public void Taken(CallContext call)
    {
        call.Run!.FellBack();
        observer.FellBack(call);
    }

    /// <summary>A call could not be made in the place of another one: a claim refused it.</summary>
    public void NotTaken(CallContext call, CallRefusal refusal) =>
        observer.NotFellBack(call.From!.Call, call.UpstreamName, call.From.Reason, refusal.Error.Code);

    private void Observes(CallContext call, FallbackSettings declared, FallbackReason reason)
    {
        if (call.HasObservedFallback)
            return;
        call.HasObservedFallback = true;
        observer.NotFellBack(call, declared.Upstream.Name, reason, Observed);
    }

    /// <summary>The call at the other upstream, its checks passed; or why there is none.</summary>
    private (CallContext? Target, string? Why) Prepare(
        CallContext call,
        FallbackSettings declared,
        FallbackReason reason,
        (Money? Cost, long? Tokens) left,
        Action<CallContext, string> observed
    )
    {
        var (asked, body, upstream) = (call.Model!.Request, call.Body!.Value, declared.Upstream);
        var isStateful = asked.StoredInput || asked.Background || asked.PreviousId is not null || asked.NoOutput;
        if (isStateful || PortableBody.Obstacle(call.Endpoint.Api, body.Span) is not null)
            return (null, Stateful);
        var known = upstream.Known(call.Settings.Prices);
        if (upstream.Format.Read(call.Endpoint, body.Span, known.Wire, out var error) is not { } request)
            return (null, error!.Code);
        var model = declared.ModelFor(asked.Model);
        if (upstream.Format.Rename(call.Endpoint, request, model, call.Model.Provider.Id, known.Id) is not { } renamed)
            return (null, "unknown_model");
        var target = new CallContext
        {
            Http = call.Http,
            Settings = call.Settings,
            StartedAt = call.StartedAt,
            Time = call.Time,
            Stopping = call.Stopping,
            Kind = call.Kind,
            Upstream = upstream,
            Endpoint = renamed.Endpoint,
            // A key of the agent's is for the upstream that it called, whatever its name is.
            Query = renamed.WithoutQuery ? "" : QueryStrings.Only(call.Query, Parameters),
            Run = call.Run,
            Body = body,
            From = new FallbackFrom(call, reason),
        };
        if (route.FindTerms(target, request, renamed.Added, left) is { } wrong)
            return (null, wrong.Code);
        if (rules.Check(target, observed) is { } refused)
            return (null, refused.Error.Code);
        target.Become(CallState.Checked);
        return (target, null);
    }
}
