using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>What the cost of a call is told apart by.</summary>
/// <param name="Model">The price rule's ID: never what the agent wrote.</param>
/// <param name="Revision">The revision.</param>
/// <param name="Tags">The declared tags.</param>
internal sealed record SpendLabels(string Model, string Revision, Tags Tags);
