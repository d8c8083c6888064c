using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What became of a request: the account after it, and the answer.</summary>
/// <param name="Account">The account; to be written before the answer is given.</param>
/// <param name="Outcome">What to answer.</param>
/// <param name="Granted">The holder's total.</param>
/// <param name="Limit">The limit that refuses, or the one that is nearest to its cap; null where there is none.</param>
/// <param name="Lacks">What each shared budget must lend before the request can be granted, by its ledger.</param>
public sealed record GrantDecision(
    BudgetLedgerStatus Account,
    GrantOutcome Outcome,
    Amount Granted,
    LedgerLimit? Limit = null,
    IReadOnlyList<string>? Lacks = null
)
{
    /// <summary>
    /// Whether the account must be written before the answer is sent: for a new grant, a closing or an exhaustion. Other reports may wait,
    /// because their senders repeat them.
    /// </summary>
    public bool IsUrgent { get; init; }
}
