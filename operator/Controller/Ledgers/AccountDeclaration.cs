using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What people have declared that matters to one account, as the caches show it. Immutable.</summary>
internal sealed record AccountDeclaration
{
    /// <summary>The agent; null where there is none, and for the account of a shared budget.</summary>
    public AgentDeployment? Agent { get; init; }

    /// <summary>The AgentBudget of a shared account; null where there is none, and for the accounts of agents.</summary>
    public AgentBudget? Budget { get; init; }

    /// <summary>The shared budgets that bind the agent, the widest first.</summary>
    public IReadOnlyList<SharedBudget> Shared { get; init; } = [];

    /// <summary>The agent's suites, those that exist.</summary>
    public IReadOnlyList<EvalSuite> Suites { get; init; } = [];

    /// <summary>The highest attempt of the drift runs of the account's revision; 0: it was not measured again.</summary>
    public int LatestAttempt { get; init; }
}
