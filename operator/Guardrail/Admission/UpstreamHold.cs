using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>What an attempt holds of its upstream.</summary>
/// <param name="Ticket">Its ticket of the circuit breaker; null where there is none.</param>
/// <param name="HasSlot">It has a place among the calls at the same time.</param>
/// <param name="Waited">How long it waited for that place: it counts in the call's timeout.</param>
/// <param name="Mark">How the retry budget counted it; null where it did not.</param>
/// <param name="Next">How the retry budget counted the attempt after it, while that is not made yet.</param>
internal readonly record struct UpstreamHold(CircuitTicket? Ticket, bool HasSlot, TimeSpan Waited, RetryMark? Mark, RetryMark? Next);
