using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>From what is declared for an account to its terms at a moment. Pure.</summary>
internal static class DeclaredTerms
{
    private const string BudgetField = "spec.budget";

    /// <summary>
    /// The terms; <see cref="AccountTerms.None"/> where nothing is declared, or where what is declared breaks a rule or cannot be read.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="declared">What is declared for it.</param>
    /// <param name="now">The moment.</param>
    public static AccountTerms Of(AccountKey account, AccountDeclaration declared, DateTimeOffset now)
    {
        if (account.Account is LedgerAccount.Shared or LedgerAccount.SharedEvals)
            return declared.Budget is { Faults.Count: 0 } budget && BudgetRules.Check(budget).Count == 0
                ? OfBudget(account, budget, now)
                : AccountTerms.None;
        if (declared.Agent is not { } agent || IsUnreadable(agent))
            return AccountTerms.None;
        var attempt = Math.Clamp(declared.LatestAttempt, 0, DriftRuns.Most(agent, now));
        return account.Account switch
        {
            LedgerAccount.AgentEvals => BudgetWindows.Shared(EvaluationBudget.Of(agent.Spec, declared.Suites), now) with
            {
                Witness = BudgetWindows.Witness(agent.Status?.Evaluations ?? []),
            },
            LedgerAccount.Evals => BudgetWindows.Evals(agent.Spec, attempt).Below(declared.Shared, now),
            LedgerAccount.Judge => BudgetWindows.Judge(declared.Suites, attempt).Below(declared.Shared, now),
            _ => BudgetWindows.Serving(agent.Spec, declared.Shared, now) with
            {
                Witness = BudgetWindows.Witness(agent.Status?.Budget ?? []),
            },
        } with
        {
            Acknowledged = agent.Spec.Budget?.AcknowledgedOverruns ?? [],
        };
    }

    /// <summary>
    /// True where the agent is there and declares no budget for the account. An agent that is gone may spend nothing.
    /// </summary>
    public static bool IsUnlimited(AccountKey account, AccountDeclaration declared) =>
        account.Account == LedgerAccount.Serving
        && declared.Agent is { } agent
        && !IsUnreadable(agent)
        && agent.Spec.Budget is not { Windows.Count: > 0 }
        && declared.Shared.Count == 0;

    private static AccountTerms OfBudget(AccountKey account, AgentBudget budget, DateTimeOffset now) =>
        account.Account == LedgerAccount.Shared
            ? BudgetWindows.Shared(budget.Spec, now) with
            {
                Witness = BudgetWindows.Witness(budget.Status?.Budget ?? []),
            }
        : EvaluationShare.Of(budget.Spec) is { } share
            ? BudgetWindows.Shared(share, now) with
            {
                Witness = BudgetWindows.Witness(budget.Status?.Evaluations ?? []),
            }
        : AccountTerms.None;

    // A cap that is there and cannot be read is not "no cap".
    private static bool IsUnreadable(AgentDeployment agent) =>
        agent.Faults.Any(fault =>
            !fault.StartsWith("spec.", StringComparison.Ordinal) || fault.StartsWith(BudgetField, StringComparison.Ordinal)
        );
}
