using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentBudgets;

/// <summary>What is to be written.</summary>
/// <param name="Status">The status.</param>
/// <param name="Refresh">The ledger's writer takes over what is declared.</param>
/// <param name="Events">What is told.</param>
/// <param name="RequeueAfter">When to look again.</param>
internal sealed record AgentBudgetDecision(AgentBudgetStatus Status, bool Refresh, IReadOnlyList<EventNote> Events, TimeSpan? RequeueAfter);
