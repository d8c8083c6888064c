using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentBudgets;

/// <summary>Registers AgentBudgets.</summary>
internal static class Registration
{
    /// <summary>Adds their cache and controller.</summary>
    public static IOperatorBuilder AddAgentBudgets(this IOperatorBuilder builder) =>
        builder
            .AddTypedCache<AgentBudget, AgentBudgetSpec, AgentBudgetStatus>(cache =>
                cache.AddIndex(CacheIndexes.ByNamespace, entry => [entry.Key.Namespace])
            )
            .AddController<AgentBudgetController, AgentBudget>(wiring =>
                wiring
                    .Watches<BudgetLedger>(entry =>
                        entry.View.Spec.Account is LedgerAccount.Shared or LedgerAccount.SharedEvals
                            ? [new NamespacedName(entry.View.Spec.Namespace, entry.View.Spec.Agent)]
                            : []
                    )
                    .Watches<AgentDeployment>(entry =>
                        wiring
                            .Services.GetRequiredService<AccountDeclarations>()
                            .Shared(entry.Key.Namespace, entry.View)
                            .Where(shared => shared.Budget is not null)
                            .Select(shared => new NamespacedName(shared.Account.Namespace, shared.Account.Agent))
                    )
            );
}
