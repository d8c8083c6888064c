using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// The circuit breaker of the upstream lets the attempt pass. Answers that a provider makes in the background are polled for past it: their
/// cost has to be learned.
/// </summary>
internal sealed class CircuitClaim(UpstreamStates states, IUpstreamObserver observer, TimeProvider time) : ICallClaim
{
    /// <summary>The limit's name.</summary>
    public const string Limit = "circuitBreaker";

    /// <summary>The stable code of the refusal.</summary>
    public const string Code = "circuit_open";

    /// <inheritdoc/>
    public string Id => "circuit";

    /// <inheritdoc/>
    public CallKind Kinds => CallKind.Model | CallKind.Tool | CallKind.Free;

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <inheritdoc/>
    public bool Observes(CallContext call) => call.Settings.Reliability.Observe;

    /// <inheritdoc/>
    public ValueTask<ClaimResult> TakeAsync(CallContext call)
    {
        if (call.Settings.Reliability.Circuit is not { } terms)
            return new(ClaimResult.Taken);
        var circuit = CircuitOf(call);
        // What can stay silent for hours cannot try the upstream.
        if (call.IsListening)
            return new(circuit.Refuses(terms, Now) is { } still ? Over(call, still) : ClaimResult.Taken);
        var entry = circuit.Enter(terms, Now);
        if (entry.Change is { } change)
            observer.CircuitChanged(call.UpstreamName, change);
        if (entry.Ticket is not { } ticket)
            return new(Over(call, entry.RetryAfter));
        call.Hold = call.Hold with { Ticket = ticket };
        return new(ClaimResult.Taken);
    }

    /// <summary>
    /// The refusal of an attempt that passed and then waited, where the state has changed meanwhile; null where it has not.
    /// </summary>
    public ClaimResult? Changed(CallContext call)
    {
        if (call.Settings.Reliability.Circuit is not { } terms || call.Hold.Ticket is not { } ticket || CircuitOf(call).IsCurrent(ticket))
            return null;
        return CircuitOf(call).Refuses(terms, Now) is { } still ? Over(call, still) : null;
    }

    /// <summary>The upstream has answered, well or not: that is its verdict, however long the answer goes on.</summary>
    public void Answered(CallContext call)
    {
        if (call.Hold.Ticket is not { } ticket)
            return;
        if (call.End.Verdict != UpstreamVerdict.Answered)
        {
            Leave(call, call.End);
            return;
        }
        var (next, change) = CircuitOf(call).Answered(ticket, call.End.AnsweredAfter, call.Settings.Reliability.Circuit!, Now);
        call.Hold = call.Hold with { Ticket = next };
        if (change is not null)
            observer.CircuitChanged(call.UpstreamName, change);
    }

    /// <inheritdoc/>
    public void Release(CallContext call) => Leave(call, default);

    /// <inheritdoc/>
    public void Ended(CallContext call) => Leave(call, call.End);

    private void Leave(CallContext call, AttemptEnd end)
    {
        if (call.Hold.Ticket is not { } ticket)
            return;
        call.Hold = call.Hold with { Ticket = null };
        var terms = call.Settings.Reliability.Circuit!;
        if (CircuitOf(call).Leave(ticket, end.Verdict, end.AnsweredAfter, terms, Now) is { } change)
            observer.CircuitChanged(call.UpstreamName, change);
    }

    private CircuitBreaker CircuitOf(CallContext call) => states.Of(call.UpstreamName).Circuit;

    private static ClaimResult Over(CallContext call, TimeSpan after)
    {
        var message =
            $"The upstream \"{call.UpstreamName}\" keeps failing, so nothing is sent to it for now (spec.reliability.circuitBreaker): "
            + "answer without it, or try again later.";
        return ClaimResult.Over(Limit, new ApiError(503, Code, message, Retry: true) { Limit = Limit, RetryAfter = after });
    }
}
