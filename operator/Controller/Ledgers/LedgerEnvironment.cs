using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>What a writer needs of its environment.</summary>
/// <param name="Terms">What is declared for the account at a moment.</param>
/// <param name="Borrow">Asks a shared budget, with what other calls wait for beside the request's.</param>
/// <param name="Contended">Tells that somebody waits for money which the given holders, by name, may have to spare.</param>
internal sealed record LedgerEnvironment(
    Func<DateTimeOffset, AccountTerms> Terms,
    Func<AccountKey, GrantRequest, HolderPod, Amount, CancellationToken, Task<GrantResponse>> Borrow,
    Action<IReadOnlyList<string>> Contended
);
