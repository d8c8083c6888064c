namespace AgentReadiness.Guardrail.Admission;

/// <summary>The claims of an attempt on its upstream.</summary>
/// <param name="Circuit">The upstream is not known to fail.</param>
/// <param name="Concurrency">A place among its calls.</param>
/// <param name="Retries">Where it repeats another call: a place in the retry budget.</param>
internal sealed record UpstreamClaims(CircuitClaim Circuit, ConcurrencyClaim Concurrency, RetryBudgetClaim Retries);
