using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// Closes the holders of ledgers that cannot close themselves any more: pods that are gone, and accounts whose ledger is gone. What they
/// held and did not report counts as spent.
/// </summary>
internal sealed class LedgerReaper(
    LedgerRegistry registry,
    AccountDeclarations declarations,
    ObjectCache<BudgetLedger> ledgers,
    ObjectCache<PodView> pods,
    [FromKeyedServices(LedgerRegistry.Api)] KubernetesApi api,
    OperatorOptions options,
    ILogger<LedgerReaper> logger
)
{
    private readonly FinalReportCollector reports = new(pods);

    /// <summary>Closes the holders that are gone by now. A ledger that cannot be written is tried again by the next sweep.</summary>
    public async Task CloseLostHoldersAsync(CancellationToken cancellationToken)
    {
        var alive = pods.List().Where(entry => !entry.View.IsOver).Select(entry => entry.Uid).ToHashSet(StringComparer.Ordinal);
        // Read after the list of living pods. A pod that ends in between is closed as lost by the next sweep, after its final report was
        // applied.
        alive.UnionWith(await ApplyFinalReportsAsync(cancellationToken));
        foreach (var ledger in ledgers.List())
        {
            try
            {
                await CloseLostHoldersAsync(ledger, alive, cancellationToken);
            }
            catch (LedgerUnavailableException)
            {
                // The writer has logged the failure, and the next sweep tries again.
            }
        }
    }

    /// <summary>Lets the accounts that borrow from shared budgets report and close what they borrowed, also while no pod asks.</summary>
    public async Task RefreshBorrowersAsync(CancellationToken cancellationToken)
    {
        foreach (var ledger in ledgers.List().Where(ledger => ledger.View.Status?.Limits.Any(limit => limit.Shared == true) == true))
        {
            try
            {
                await registry.RefreshAsync(AccountKey.Of(ledger.View.Spec), cancellationToken);
            }
            catch (LedgerUnavailableException)
            {
                // The writer has logged the failure, and the next sweep tries again.
            }
        }
    }

    private async Task CloseLostHoldersAsync(CacheEntry<BudgetLedger> ledger, HashSet<string> alive, CancellationToken cancellationToken)
    {
        var account = AccountKey.Of(ledger.View.Spec);
        var isShared = account.Lends;
        var missing = (ledger.View.Status?.Holders ?? [])
            .Where(holder => isShared ? !IsKnownByBorrower(account, holder) : !alive.Contains(holder.PodUid))
            .ToList();
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (var holder in missing)
        {
            if (
                isShared
                    ? await IsBorrowerGoneAsync(account, holder, cancellationToken)
                    : await IsPodGoneAsync(account, holder, cancellationToken)
            )
                gone.Add(holder.PodUid);
        }
        if (gone.Count == 0)
            return;
        await registry.Writer(account).CloseLostAsync(holder => gone.Contains(holder.PodUid), cancellationToken);
        // Holders that closed before their pod ended held no money any more.
        var open = missing.Count(holder => holder.Closed != true && gone.Contains(holder.PodUid));
        if (open > 0)
            ControllerLog.HoldersLost(logger, open, ledger.Key.Name);
    }

    // Returns the pods whose final report could not be applied now: none of their holders is closed as lost before that.
    private async Task<HashSet<string>> ApplyFinalReportsAsync(CancellationToken cancellationToken)
    {
        var notApplied = new HashSet<string>(StringComparer.Ordinal);
        if (reports.ByPod() is not { Count: > 0 } messages)
            return notApplied;
        foreach (var ledger in ledgers.List().Where(ledger => !AccountKey.Of(ledger.View.Spec).Lends))
        {
            foreach (var (last, pod) in FinalReportRules.Of(ledger.View.Status?.Holders ?? [], messages))
            {
                try
                {
                    await registry.Writer(AccountKey.Of(ledger.View.Spec)).ApplyFinalReportAsync(last, pod, cancellationToken);
                    ControllerLog.FinalReportApplied(logger, pod.Name, ledger.Key.Name, last.Settled.ToString(), last.Unproven.ToString());
                }
                catch (LedgerUnavailableException)
                {
                    // The writer has logged the failure, and the next sweep tries again.
                    notApplied.Add(pod.Uid);
                }
            }
        }
        return notApplied;
    }

    private bool IsKnownByBorrower(AccountKey shared, LedgerHolder holder) =>
        ledgers.Get(new NamespacedName(options.Namespace, holder.Pod))?.View.Status is { } borrower
        && borrower.Limits.Any(limit => limit.Budget == shared.LedgerName && Borrowing.Holder(borrower, limit.First) == holder.Id);

    // When the ledger of a borrower was deleted or replaced, nobody closes its loan any more, so it is closed here. A ledger that exists
    // is told to close the loans that it does not know.
    private async Task<bool> IsBorrowerGoneAsync(AccountKey shared, LedgerHolder holder, CancellationToken cancellationToken)
    {
        try
        {
            var found = await api.GetAsync(ResourceType.Of<BudgetLedger>(), options.Namespace, holder.Pod, cancellationToken);
            if (found?["status"]?["id"]?.GetValue<string>() is not { } id || !holder.Id.StartsWith(id + "-", StringComparison.Ordinal))
                return true;
            if (holder.Closed != true && ledgers.Get(new NamespacedName(options.Namespace, holder.Pod))?.View.Spec is { } borrower)
                await registry.Writer(AccountKey.Of(borrower)).ForgetJoinAsync(shared, holder, cancellationToken);
            return false;
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or TimeoutException)
        {
            return false;
        }
    }

    // The cache may not show a new pod yet, so the API server is asked before a holder is closed as lost.
    private async Task<bool> IsPodGoneAsync(AccountKey account, LedgerHolder holder, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var ns in declarations.PodNamespaces(account))
            {
                var pod = await api.GetAsync(PodView.Resource, ns, holder.Pod, cancellationToken);
                if (
                    pod?["metadata"]?["uid"]?.GetValue<string>() == holder.PodUid
                    && pod["status"]?["phase"]?.GetValue<string>() is not ("Succeeded" or "Failed")
                )
                    return false;
            }
            return true;
        }
        catch (Exception exception) when (exception is KubernetesApiException or HttpRequestException or TimeoutException)
        {
            return false;
        }
    }
}
