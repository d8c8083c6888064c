using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Prices;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Reads from the caches what an agent may spend, and the prices in force.</summary>
public sealed class AgentFundsObserver(
    ObjectCache<BudgetLedger> ledgers,
    AccountDeclarations declarations,
    PriceBook prices,
    OperatorOptions options
)
{
    /// <summary>Observes the funds of one agent.</summary>
    public AgentFunds Observe(AgentDeployment agent)
    {
        var ns = agent.Metadata.NamespaceProperty;
        return new AgentFunds
        {
            Ledger = Ledger(AccountKey.Serving(ns, agent.Metadata.Name)),
            Evaluations = Ledger(AccountKey.AgentEvals(ns, agent.Metadata.Name)),
            Suites = declarations.Suites(ns, agent),
            Shared = [.. declarations.Shared(ns, agent).Select(shared => new SharedBudgetView(shared, Ledger(shared.Account)))],
            Prices = prices.InForce,
        };
    }

    private BudgetLedgerStatus? Ledger(AccountKey account) =>
        ledgers.Get(new NamespacedName(options.Namespace, account.LedgerName))?.View.Status;
}
