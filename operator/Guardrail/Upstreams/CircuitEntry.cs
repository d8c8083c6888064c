namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What a circuit breaker says to a call that wants to pass.</summary>
/// <param name="Ticket">What the call shows when it has ended; null where it may not pass.</param>
/// <param name="RetryAfter">When it is worth asking again, where it may not pass.</param>
/// <param name="Change">The change of state that came with it, if one did.</param>
internal readonly record struct CircuitEntry(CircuitTicket? Ticket, TimeSpan RetryAfter, CircuitChange? Change);
