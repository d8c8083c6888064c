using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>Is told what becomes of upstreams. It must not throw.</summary>
internal interface IUpstreamObserver
{
    /// <summary>The circuit breaker of an upstream changed its state.</summary>
    void CircuitChanged(string upstream, CircuitChange change);

    /// <summary>A further attempt would have been worth it, and the retry budget had no room for it.</summary>
    void NotRetried(CallContext call);

    /// <summary>The agent, or its SDK, repeats a call that failed.</summary>
    void Repeated(CallContext call);
}
