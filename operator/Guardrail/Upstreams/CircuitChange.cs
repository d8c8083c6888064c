namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>A change of a circuit breaker's state.</summary>
/// <param name="To">The new state.</param>
/// <param name="Reason">Why.</param>
/// <param name="Calls">The calls in the window.</param>
/// <param name="Failed">Those that failed.</param>
/// <param name="Slow">Those that were slow.</param>
internal sealed record CircuitChange(CircuitState To, CircuitReason Reason, long Calls, long Failed, long Slow);
