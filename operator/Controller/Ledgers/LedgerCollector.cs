using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Deletes the ledgers that nothing can be spent from any more, and whose windows are over.</summary>
internal sealed class LedgerCollector(
    LedgerRegistry registry,
    AccountDeclarations declarations,
    ObjectCache<BudgetLedger> ledgers,
    [FromKeyedServices(LedgerRegistry.Api)] KubernetesApi api,
    TimeProvider time,
    ILogger<LedgerCollector> logger
)
{
    // An eval pod may spend before its EvalRun exists.
    private static readonly TimeSpan MinimumAge = TimeSpan.FromMinutes(15);

    /// <summary>Deletes the ledgers that are finished now. If a deletion fails, the next sweep tries it again.</summary>
    public async Task DeleteFinishedAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var ledger in ledgers.List())
        {
            var account = AccountKey.Of(ledger.View.Spec);
            if (!IsFinished(ledger.View, declarations.IsInUse(account), now))
                continue;
            try
            {
                registry.Close(account);
                await api.DeleteAsync(
                    ResourceType.Of<BudgetLedger>(),
                    ledger.Key.Namespace,
                    ledger.Key.Name,
                    ledger.Uid,
                    cancellationToken
                );
                ControllerLog.Deleted(logger, BudgetLedger.EntityKind, ledger.Key);
            }
            catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or TimeoutException)
            {
                ControllerLog.LedgerFailed(logger, ledger.Key.Name, exception.Message);
            }
        }
    }

    /// <summary>
    /// Whether a ledger can go. The accounts of an agent or of a shared budget outlive it until their windows are over, so that making it
    /// anew resets no cap. The account of one revision's evaluation lives as long as the record of that evaluation. What a shared budget
    /// lent must be closed there first. Pure.
    /// </summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="isInUse">See <see cref="AccountDeclarations.IsInUse"/>.</param>
    /// <param name="now">The moment, UTC.</param>
    public static bool IsFinished(BudgetLedger ledger, bool isInUse, DateTime now)
    {
        if (
            isInUse
            || ledger.Status is not { } status
            || status.Holders.Any(holder => holder.Closed != true)
            || now - ledger.Metadata.CreationTimestamp < MinimumAge
        )
            return false;
        // What a ceiling lent must be closed there first.
        return status.Limits.All(limit => limit.Shared != true)
            && (ledger.Spec.Account is LedgerAccount.Evals or LedgerAccount.Judge || status.Limits.All(limit => limit.Ends < now));
    }
}
