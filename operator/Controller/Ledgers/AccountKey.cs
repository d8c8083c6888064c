using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Which account a pod, or an account below it, spends from.</summary>
/// <param name="Namespace">The namespace of the agent or of the shared budget.</param>
/// <param name="Agent">The name of the agent or of the shared budget.</param>
/// <param name="Account">Which of its accounts.</param>
/// <param name="Revision">The revision, for an evaluation.</param>
public sealed record AccountKey(string Namespace, string Agent, LedgerAccount Account, Revision? Revision)
{
    /// <summary>
    /// The BudgetLedger's name: namespace.agent, namespace.budget.shared, namespace.agent.eval-revision or namespace.agent.judge-revision.
    /// </summary>
    public string LedgerName =>
        Account switch
        {
            LedgerAccount.Serving => $"{Namespace}.{Agent}",
            LedgerAccount.Shared => $"{Namespace}.{Agent}.shared",
            LedgerAccount.Judge => $"{Namespace}.{Agent}.judge-{Revision}",
            _ => $"{Namespace}.{Agent}.eval-{Revision}",
        };

    /// <summary>The agent or shared budget that it belongs to.</summary>
    public NamespacedName Owner => new(Namespace, Agent);

    /// <summary>The account that a ledger is for.</summary>
    public static AccountKey Of(BudgetLedgerSpec ledger) =>
        new(ledger.Namespace, ledger.Agent, ledger.Account, Api.Revisions.Revision.Parse(ledger.Revision));

    /// <summary>The account of serving pods.</summary>
    public static AccountKey Serving(string ns, string agent) => new(ns, agent, LedgerAccount.Serving, null);

    /// <summary>The account of a shared budget.</summary>
    public static AccountKey Shared(string ns, string budget) => new(ns, budget, LedgerAccount.Shared, null);

    /// <summary>The account of the judges of a revision's evaluation.</summary>
    public static AccountKey Judge(string ns, string agent, Revision revision) => new(ns, agent, LedgerAccount.Judge, revision);

    /// <summary>The account of a revision's evaluation.</summary>
    public static AccountKey Evals(string ns, string agent, Revision revision) => new(ns, agent, LedgerAccount.Evals, revision);
}
