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
    private const string SharedEnd = "shared";
    private const string SharedEvalsEnd = "shared-evals";
    private const string AgentEvalsEnd = "evals";

    /// <summary>
    /// The BudgetLedger's name: namespace.agent, namespace.agent.eval-revision or namespace.agent.judge-revision; of an account that lends
    /// to others, namespace.budget.shared, namespace.budget.shared-evals or namespace.agent.evals.
    /// </summary>
    public string LedgerName =>
        Account switch
        {
            LedgerAccount.Serving => $"{Namespace}.{Agent}",
            LedgerAccount.Shared => $"{Namespace}.{Agent}.{SharedEnd}",
            LedgerAccount.SharedEvals => $"{Namespace}.{Agent}.{SharedEvalsEnd}",
            LedgerAccount.AgentEvals => $"{Namespace}.{Agent}.{AgentEvalsEnd}",
            LedgerAccount.Judge => $"{Namespace}.{Agent}.judge-{Revision}",
            _ => $"{Namespace}.{Agent}.eval-{Revision}",
        };

    /// <summary>The agent or shared budget that it belongs to.</summary>
    public NamespacedName Owner => new(Namespace, Agent);

    /// <summary>Whether its holders are other accounts, which borrow from it. All others lend to pods.</summary>
    public bool Lends => Account is LedgerAccount.Shared or LedgerAccount.SharedEvals or LedgerAccount.AgentEvals;

    /// <summary>The account that a ledger is for.</summary>
    public static AccountKey Of(BudgetLedgerSpec ledger) =>
        new(ledger.Namespace, ledger.Agent, ledger.Account, Api.Revisions.Revision.Parse(ledger.Revision));

    /// <summary>The account that lends to others and has a ledger of this name; null where it is not the name of one.</summary>
    public static AccountKey? Lender(string ledger)
    {
        // A namespace has no dot in its name, and neither has an end; the name of an AgentBudget may have some.
        var (first, last) = (ledger.IndexOf('.', StringComparison.Ordinal), ledger.LastIndexOf('.'));
        if (first <= 0 || last <= first + 1)
            return null;
        var (ns, name) = (ledger[..first], ledger[(first + 1)..last]);
        return ledger[(last + 1)..] switch
        {
            SharedEnd => Shared(ns, name),
            SharedEvalsEnd => SharedEvals(ns, name),
            AgentEvalsEnd => AgentEvals(ns, name),
            _ => null,
        };
    }

    /// <summary>What messages call a limit of the account: "day", "evaluations/day", or "team/day" of a shared budget.</summary>
    /// <param name="budget">The limit's own name, for example "day".</param>
    public string NameOf(string budget) =>
        Account switch
        {
            LedgerAccount.Shared => $"{Agent}/{budget}",
            LedgerAccount.SharedEvals => $"{Agent}/evaluations/{budget}",
            LedgerAccount.AgentEvals => $"evaluations/{budget}",
            _ => budget,
        };

    /// <summary>The account of serving pods.</summary>
    public static AccountKey Serving(string ns, string agent) => new(ns, agent, LedgerAccount.Serving, null);

    /// <summary>The account of a shared budget.</summary>
    public static AccountKey Shared(string ns, string budget) => new(ns, budget, LedgerAccount.Shared, null);

    /// <summary>The account of the share of a shared budget that evaluations may use.</summary>
    public static AccountKey SharedEvals(string ns, string budget) => new(ns, budget, LedgerAccount.SharedEvals, null);

    /// <summary>The account of all evaluations of an agent, whatever its revision.</summary>
    public static AccountKey AgentEvals(string ns, string agent) => new(ns, agent, LedgerAccount.AgentEvals, null);

    /// <summary>The account of the judges of a revision's evaluation.</summary>
    public static AccountKey Judge(string ns, string agent, Revision revision) => new(ns, agent, LedgerAccount.Judge, revision);

    /// <summary>The account of a revision's evaluation.</summary>
    public static AccountKey Evals(string ns, string agent, Revision revision) => new(ns, agent, LedgerAccount.Evals, revision);
}
