using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A shared budget as an agent meets it.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Ledger">Its account, or null.</param>
public sealed record SharedBudgetView(SharedBudget Budget, BudgetLedgerStatus? Ledger);
