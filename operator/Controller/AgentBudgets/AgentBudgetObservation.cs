using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.AgentBudgets;

/// <summary>Everything that a decision about one shared budget may depend on. Immutable.</summary>
/// <param name="Budget">The budget.</param>
/// <param name="Ledger">Its account, or null.</param>
/// <param name="Agents">How many agents it binds.</param>
/// <param name="Now">The moment.</param>
internal sealed record AgentBudgetObservation(AgentBudget Budget, BudgetLedgerStatus? Ledger, int Agents, DateTimeOffset Now)
{
    /// <summary>The account of the share that evaluations may use, or null.</summary>
    public BudgetLedgerStatus? Evaluations { get; init; }
}
