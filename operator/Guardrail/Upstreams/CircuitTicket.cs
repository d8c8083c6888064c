namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What a call that passed a circuit breaker shows when it has ended.</summary>
/// <param name="Epoch">How often the state had changed when it passed: what was sent in another state says nothing about this one.</param>
/// <param name="IsProbe">It is the one call that tries the upstream.</param>
/// <param name="Slice">The slice of the window in which it is counted as answered; null: it is not counted yet.</param>
/// <param name="WasSlow">It is counted there as slow, too.</param>
internal readonly record struct CircuitTicket(long Epoch, bool IsProbe, long? Slice = null, bool WasSlow = false);
