namespace AgentReadiness.Guardrail.Admission;

/// <summary>In whose place a call is made, and why.</summary>
/// <param name="Call">The call of the upstream that the agent called.</param>
/// <param name="Reason">Why.</param>
internal sealed record FallbackFrom(CallContext Call, FallbackReason Reason);
