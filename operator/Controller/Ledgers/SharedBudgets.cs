using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Which shared budgets bind an agent. Pure.</summary>
public static class SharedBudgets
{
    /// <summary>
    /// Those that the agent names, those that select it, and the ceilings of its namespace: ceilings first, then by name.
    /// </summary>
    /// <param name="ns">The agent's namespace.</param>
    /// <param name="agent">The agent.</param>
    /// <param name="local">The AgentBudgets of the agent's namespace.</param>
    /// <param name="ceilings">The AgentBudgets of the operator's namespace.</param>
    public static IReadOnlyList<SharedBudget> Of(
        string ns,
        AgentDeployment agent,
        IEnumerable<AgentBudget> local,
        IEnumerable<AgentBudget> ceilings
    )
    {
        var above = ceilings
            .Where(ceiling => ceiling.Spec.Namespaces.Exists(pattern => Matches(pattern, ns)))
            .Select(ceiling => Of(ceiling) with { Name = $"{ceiling.Metadata.NamespaceProperty}/{ceiling.Metadata.Name}" });
        var named = agent.Spec.Budget?.SharedBudgets ?? [];
        var here = local.ToList();
        var mine = here.Where(budget => named.Contains(budget.Metadata.Name) || Selects(budget.Spec.Selector, agent))
            .Select(Of)
            .Concat(
                named
                    .Where(name => !here.Exists(budget => budget.Metadata.Name == name))
                    .Select(name => new SharedBudget(AccountKey.Shared(ns, name), null))
            );
        return
        [
            .. above
                .OrderBy(shared => shared.Account.LedgerName, StringComparer.Ordinal)
                .Concat(mine.OrderBy(shared => shared.Account.LedgerName, StringComparer.Ordinal))
                .DistinctBy(shared => shared.Account),
        ];
    }

    /// <summary>
    /// What binds the evaluations and judges of an agent: each shared budget that binds what serves, with the share of it that they may use
    /// where one is declared, and last the account of all evaluations of the agent.
    /// </summary>
    /// <param name="ns">The agent's namespace.</param>
    /// <param name="agent">The agent's name.</param>
    /// <param name="shared">The shared budgets that bind the agent, the widest first.</param>
    public static IReadOnlyList<SharedBudget> OfEvaluations(string ns, string agent, IReadOnlyList<SharedBudget> shared) =>
        [
            .. shared.SelectMany(one =>
                one.Budget?.Spec.Evaluations is null
                    ? [one]
                    : new[] { one, one with { Account = AccountKey.SharedEvals(one.Account.Namespace, one.Account.Agent) } }
            ),
            new SharedBudget(AccountKey.AgentEvals(ns, agent), null),
        ];

    /// <summary>Whether a pattern, a name or a prefix with "*", is of a namespace.</summary>
    public static bool Matches(string pattern, string ns) =>
        pattern.EndsWith('*') ? ns.StartsWith(pattern[..^1], StringComparison.Ordinal) : pattern == ns;

    private static SharedBudget Of(AgentBudget budget) =>
        new(AccountKey.Shared(budget.Metadata.NamespaceProperty, budget.Metadata.Name), budget);

    private static bool Selects(AgentSelector? selector, AgentDeployment agent) =>
        selector is not null
        && selector.MatchLabels.All(label =>
            agent.Metadata.Labels is { } labels && labels.TryGetValue(label.Key, out var value) && value == label.Value
        );
}
