using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>
/// Which pods the ledgers name. Whoever is named was found to be the operator's own when it first held money, and may go on to speak for
/// it until it ends, whatever is deleted meanwhile.
/// </summary>
internal sealed class HeldMoney(ObjectCache<BudgetLedger> ledgers, OperatorOptions options)
{
    /// <summary>Whether the account's ledger names the pod, also where it has closed.</summary>
    public bool Is(AccountKey account, BoundPod pod) =>
        ledgers.Get(new NamespacedName(options.Namespace, account.LedgerName)) is { } ledger && Names(ledger.View, pod);

    /// <summary>The account of judges that names the pod; null where there is none. Ledgers of judges are few and small.</summary>
    public AccountKey? OfJudge(BoundPod pod) =>
        ledgers.List().FirstOrDefault(ledger => ledger.View.Spec.Account == LedgerAccount.Judge && Names(ledger.View, pod)) is { } found
            ? AccountKey.Of(found.View.Spec)
            : null;

    private static bool Names(BudgetLedger ledger, BoundPod pod) =>
        ledger.Status?.Holders.Any(holder => holder.PodUid == pod.Pod.Uid) == true;
}
