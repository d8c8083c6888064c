using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Reads from the caches what is declared for accounts.</summary>
public sealed class AccountDeclarations(
    ObjectCache<AgentDeployment> agents,
    ObjectCache<AgentBudget> budgets,
    ObjectCache<EvalRun> runs,
    ObjectCache<EvalSuite> suites,
    OperatorOptions options
)
{
    /// <summary>The shared budgets that bind an agent, the widest first.</summary>
    public IReadOnlyList<SharedBudget> Shared(string ns, AgentDeployment agent) =>
        SharedBudgets.Of(ns, agent, In(ns == options.Namespace ? string.Empty : ns), In(options.Namespace));

    /// <summary>How many agents a shared budget binds.</summary>
    internal int Bound(AccountKey shared)
    {
        var near = shared.Namespace == options.Namespace ? agents.List() : agents.ByIndex(CacheIndexes.ByNamespace, shared.Namespace);
        return near.Count(agent => Shared(agent.Key.Namespace, agent.View).Any(one => one.Account == shared));
    }

    /// <summary>What is declared for an account now.</summary>
    internal AccountDeclaration Of(AccountKey account)
    {
        if (account.Account is LedgerAccount.Shared or LedgerAccount.SharedEvals)
            return new AccountDeclaration { Budget = budgets.Get(account.Owner)?.View };
        if (agents.Get(account.Owner)?.View is not { } agent)
            return new AccountDeclaration();
        var (ns, name) = (account.Namespace, account.Agent);
        return account.Account switch
        {
            LedgerAccount.Serving => new AccountDeclaration { Agent = agent, Shared = Shared(ns, agent) },
            LedgerAccount.AgentEvals => new AccountDeclaration { Agent = agent, Suites = Suites(ns, agent) },
            _ when !IsEvaluated(account, agent) => new AccountDeclaration(),
            _ => new AccountDeclaration
            {
                Agent = agent,
                Shared = SharedBudgets.OfEvaluations(ns, name, Shared(ns, agent)),
                LatestAttempt = LatestAttempt(account, agent),
                Suites = account.Account == LedgerAccount.Judge ? Suites(ns, agent) : [],
            },
        };
    }

    /// <summary>Whether somebody may still come back to the account: its agent or budget exists, or a run of its revision does.</summary>
    internal bool IsInUse(AccountKey account) =>
        account.Account switch
        {
            LedgerAccount.Serving or LedgerAccount.AgentEvals => agents.Get(account.Owner) is not null,
            LedgerAccount.Shared => budgets.Get(account.Owner) is not null,
            LedgerAccount.SharedEvals => budgets.Get(account.Owner)?.View.Spec.Evaluations is not null,
            _ => Runs(account).Any(run => run.View.Spec.Revision == account.Revision?.Hash),
        };

    /// <summary>The namespaces in which pods may spend from the account: judges work beside their suite.</summary>
    internal IEnumerable<string> PodNamespaces(AccountKey account) =>
        account.Account != LedgerAccount.Judge ? [account.Namespace] : Runs(account).Select(run => run.Key.Namespace).Distinct();

    /// <summary>The suites of an agent, those that exist.</summary>
    internal List<EvalSuite> Suites(string ns, AgentDeployment agent) =>
        [
            .. agent
                .Spec.Evals.Select(eval => suites.Get(new NamespacedName(eval.Suite.Namespace ?? ns, eval.Suite.Name))?.View)
                .OfType<EvalSuite>(),
        ];

    // Only the declared candidate is evaluated, and what serves is measured again. A revision that was a candidate, or that somebody made
    // an EvalRun of, gets no more money; what its pods hold and report is booked all the same.
    private static bool IsEvaluated(AccountKey account, AgentDeployment agent) =>
        account.Revision?.Hash is { } hash && (agent.Status?.CandidateRevision == hash || agent.Status?.ServingRevision == hash);

    private int LatestAttempt(AccountKey account, AgentDeployment agent) =>
        Runs(account)
            .Where(run => DriftRuns.IsOperators(run.View, agent) && run.View.Spec.Revision == account.Revision?.Hash)
            .Select(run => run.View.Spec.Attempt)
            .DefaultIfEmpty()
            .Max();

    private IReadOnlyList<CacheEntry<EvalRun>> Runs(AccountKey account) => runs.ByIndex(CacheIndexes.ByAgent, account.Owner.ToString());

    private IEnumerable<AgentBudget> In(string ns) =>
        ns.Length == 0 ? [] : budgets.ByIndex(CacheIndexes.ByNamespace, ns).Select(entry => entry.View);
}
