using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>A message to the operator, and what it reports about.</summary>
internal sealed record GrantReport(GrantRequest Request, GrantWindow Window, long Version);
