namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>The state of a circuit breaker.</summary>
internal enum CircuitState
{
    /// <summary>Calls pass.</summary>
    Closed,

    /// <summary>One call at a time tries whether the upstream answers again; all others are refused.</summary>
    HalfOpen,

    /// <summary>All calls are refused.</summary>
    Open,
}
