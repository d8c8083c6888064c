using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What an agent may spend, and at which prices.</summary>
public sealed record AgentFunds
{
    /// <summary>The account of serving pods, or null.</summary>
    public BudgetLedgerStatus? Ledger { get; init; }

    /// <summary>The account of all its evaluations, or null.</summary>
    public BudgetLedgerStatus? Evaluations { get; init; }

    /// <summary>The agent's suites, those that exist.</summary>
    public IReadOnlyList<EvalSuite> Suites { get; init; } = [];

    /// <summary>The shared budgets that bind the agent, the widest first.</summary>
    public IReadOnlyList<SharedBudgetView> Shared { get; init; } = [];

    /// <summary>The prices that guardrails get beside the shipped ones, or null.</summary>
    public GuardrailPrices? Prices { get; init; }
}
