using System.Collections.Concurrent;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>The writers of all ledgers, open while this replica leads.</summary>
public sealed class LedgerRegistry(
    ObjectCache<AgentDeployment> agents,
    ObjectCache<AgentBudget> budgets,
    ObjectCache<BudgetLedger> ledgers,
    ObjectCache<EvalRun> runs,
    ObjectCache<EvalSuite> suites,
    ObjectCache<PodView> pods,
    [FromKeyedServices(LedgerRegistry.Api)] KubernetesApi api,
    OperatorOptions options,
    TimeProvider time,
    ILogger<LedgerRegistry> logger
) : ILeaderTask
{
    /// <summary>Key of the service that money is written through.</summary>
    public const string Api = "ledgers";

    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(10);

    // An eval pod may spend before its EvalRun exists.
    private static readonly TimeSpan MinimumAge = TimeSpan.FromMinutes(15);

    private readonly FinalReportCollector reports = new(pods);
    private volatile Term? term;

    private sealed class Term(CancellationToken token)
    {
        public ConcurrentDictionary<AccountKey, Lazy<LedgerWriter>> Writers { get; } = new();

        public ConcurrentBag<Task> Running { get; } = [];

        public CancellationToken Token { get; } = token;
    }

    /// <summary>Whether this replica leads and may write ledgers.</summary>
    public bool IsOpen => term is not null;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var current = new Term(cancellationToken);
        term = current;
        try
        {
            using var timer = new PeriodicTimer(Sweep, time);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await CloseLostHoldersAsync(cancellationToken);
                await RefreshBorrowersAsync(cancellationToken);
                await DeleteFinishedAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Leadership is over.
        }
        finally
        {
            term = null;
            await Task.WhenAll(current.Running);
        }
    }

    /// <summary>Opens the window of now in an account and takes its declared cap over; makes the ledger where there is none.</summary>
    public Task RefreshAsync(AccountKey account, CancellationToken cancellationToken) => Writer(account).RefreshAsync(cancellationToken);

    /// <summary>Writers a report and answers what is wanted.</summary>
    /// <exception cref="LedgerUnavailableException">This replica does not lead, or the ledger could not be written.</exception>
    public Task<GrantResponse> GrantAsync(AccountKey account, GrantRequest request, HolderPod pod, CancellationToken cancellationToken) =>
        Writer(account).GrantAsync(request, pod, Amount.Zero, cancellationToken);

    /// <summary>True where the agent is there and declares no budget for the account. An agent that is gone may spend nothing.</summary>
    public bool IsUnlimited(AccountKey account) =>
        account.Account == LedgerAccount.Serving
        && agents.Get(new NamespacedName(account.Namespace, account.Agent))?.View is { } agent
        && agent.Spec.Budget is not { Windows.Count: > 0 }
        && Shared(account.Namespace, agent).Count == 0;

    /// <summary>The shared budgets that bind an agent, the widest first.</summary>
    public IReadOnlyList<SharedBudget> Shared(string ns, AgentDeployment agent) =>
        SharedBudgets.Of(ns, agent, In(ns == options.Namespace ? string.Empty : ns), In(options.Namespace));

    private IEnumerable<AgentBudget> In(string ns) =>
        ns.Length == 0 ? [] : budgets.ByIndex(CacheIndexes.ByNamespace, ns).Select(entry => entry.View);

    /// <summary>What is declared for an account now.</summary>
    private AccountTerms Declared(AccountKey account, DateTimeOffset now)
    {
        if (account.Account == LedgerAccount.Shared)
        {
            return
                budgets.Get(new NamespacedName(account.Namespace, account.Agent))?.View is { } budget
                && BudgetRules.Check(budget).Count == 0
                ? BudgetWindows.Shared(budget.Spec, now) with
                {
                    Witness = BudgetWindows.Witness(budget.Status?.Budget ?? []),
                }
                : AccountTerms.None;
        }
        if (agents.Get(new NamespacedName(account.Namespace, account.Agent))?.View is not { } agent)
            return AccountTerms.None;
        return account.Account switch
        {
            LedgerAccount.Evals => BudgetWindows.Evals(agent.Spec, LatestAttempt(account)),
            LedgerAccount.Judge => BudgetWindows.Judge(
                agent
                    .Spec.Evals.Select(eval =>
                        suites.Get(new NamespacedName(eval.Suite.Namespace ?? account.Namespace, eval.Suite.Name))?.View
                    )
                    .OfType<EvalSuite>(),
                LatestAttempt(account)
            ),
            _ => BudgetWindows.Serving(agent.Spec, Shared(account.Namespace, agent), now) with
            {
                Witness = BudgetWindows.Witness(agent.Status?.Budget ?? []),
            },
        } with
        {
            Acknowledged = agent.Spec.Budget?.AcknowledgedOverruns ?? [],
        };
    }

    private int LatestAttempt(AccountKey account) =>
        runs.ByIndex(CacheIndexes.ByAgent, $"{account.Namespace}/{account.Agent}")
            .Where(run => run.View.Spec.Purpose == EvalPurpose.Drift && run.View.Spec.Revision == account.Revision)
            .Select(run => run.View.Spec.Attempt)
            .DefaultIfEmpty()
            .Max();

    private LedgerWriter Writer(AccountKey account)
    {
        var current = term ?? throw new LedgerUnavailableException("this replica does not lead");
        return current
            .Writers.GetOrAdd(
                account,
                key => new Lazy<LedgerWriter>(() =>
                {
                    var writer = new LedgerWriter(
                        key,
                        new LedgerEnvironment(now => Declared(key, now), BorrowAsync, ReturnIdle),
                        api,
                        options,
                        time,
                        logger
                    );
                    current.Running.Add(Task.Run(() => writer.RunAsync(current.Token), CancellationToken.None));
                    return writer;
                })
            )
            .Value;
    }

    // Shared budgets are asked in this process: whoever leads writes all ledgers. A budget that is not there lends nothing, and its ledger
    // is not made.
    private async Task<GrantResponse> BorrowAsync(
        AccountKey shared,
        GrantRequest request,
        HolderPod holder,
        Amount also,
        CancellationToken cancellationToken
    )
    {
        if (
            budgets.Get(new NamespacedName(shared.Namespace, shared.Agent)) is not null
            || ledgers.Get(new NamespacedName(options.Namespace, shared.LedgerName)) is not null
        )
            return await Writer(shared).GrantAsync(request, holder, also, cancellationToken);
        return new GrantResponse
        {
            Outcome = request.WantTotal is { IsZero: false } ? GrantOutcome.Exhausted : GrantOutcome.Granted,
            Window = "missing",
            WindowEnds = DateTimeOffset.MaxValue.AddYears(-1),
            Budget = shared.Agent,
        };
    }

    // Those that hold what others wait for give back what they do not need; their pods hear of it with their next message.
    private void ReturnIdle(IReadOnlyList<string> holders)
    {
        foreach (var (key, writer) in term?.Writers.ToArray() ?? [])
        {
            if (key.Account == LedgerAccount.Serving && holders.Contains(key.LedgerName))
                writer.Value.ReturnIdle();
        }
    }

    // What a shared budget lends is told and closed also while no pod asks.
    private async Task RefreshBorrowersAsync(CancellationToken cancellationToken)
    {
        foreach (var ledger in ledgers.List().Where(ledger => ledger.View.Status?.Limits.Any(limit => limit.Shared == true) == true))
        {
            try
            {
                await Writer(AccountKey.Of(ledger.View.Spec)).RefreshAsync(cancellationToken);
            }
            catch (LedgerUnavailableException)
            {
                // Logged where it happened; the next sweep tries again.
            }
        }
    }

    // A pod that is gone closes nothing any more: what its guardrail held and did not report counts as spent.
    private async Task CloseLostHoldersAsync(CancellationToken cancellationToken)
    {
        var alive = pods.List().Where(entry => !entry.View.IsOver).Select(entry => entry.Uid).ToHashSet(StringComparer.Ordinal);
        // After the look at who is alive: whoever ends in between is lost in the next pass, after its final report was applied.
        alive.UnionWith(await ApplyFinalReportsAsync(cancellationToken));
        foreach (var ledger in ledgers.List())
        {
            var account = AccountKey.Of(ledger.View.Spec);
            var missing = (ledger.View.Status?.Holders ?? [])
                .Where(holder =>
                    account.Account == LedgerAccount.Shared
                        ? ledgers.Get(new NamespacedName(options.Namespace, holder.Pod))?.View.Status is not { } borrower
                            || !Knows(borrower, account, holder)
                        : !alive.Contains(holder.PodUid)
                )
                .ToList();
            var gone = new HashSet<string>(StringComparer.Ordinal);
            try
            {
                foreach (var holder in missing)
                {
                    if (
                        account.Account == LedgerAccount.Shared
                            ? await IsGoneAsync(account, holder, cancellationToken)
                            : await IsGoneAsync(ledger.View.Spec, holder, cancellationToken)
                    )
                        gone.Add(holder.PodUid);
                }
                if (gone.Count == 0)
                    continue;
                await Writer(account).CloseLostAsync(holder => gone.Contains(holder.PodUid), cancellationToken);
                // Those that closed before their pod went held nothing any more.
                var open = missing.Count(holder => holder.Closed != true && gone.Contains(holder.PodUid));
                if (open > 0)
                    ControllerLog.HoldersLost(logger, open, ledger.Key.Name);
            }
            catch (LedgerUnavailableException)
            {
                // Logged where it happened; the next sweep tries again.
            }
        }
    }

    // The pods whose final report could not be applied now: none of their holders is closed as lost before that.
    private async Task<HashSet<string>> ApplyFinalReportsAsync(CancellationToken cancellationToken)
    {
        var notApplied = new HashSet<string>(StringComparer.Ordinal);
        if (reports.ByPod() is not { Count: > 0 } messages)
            return notApplied;
        foreach (var ledger in ledgers.List().Where(ledger => ledger.View.Spec.Account != LedgerAccount.Shared))
        {
            foreach (var (last, pod) in FinalReports.Of(ledger.View.Status?.Holders ?? [], messages))
            {
                try
                {
                    await Writer(AccountKey.Of(ledger.View.Spec)).ApplyFinalReportAsync(last, pod, cancellationToken);
                    ControllerLog.FinalReportApplied(logger, pod.Name, ledger.Key.Name, last.Settled.ToString(), last.Unproven.ToString());
                }
                catch (LedgerUnavailableException)
                {
                    // Logged where it happened; the next sweep tries again.
                    notApplied.Add(pod.Uid);
                }
            }
        }
        return notApplied;
    }

    private static bool Knows(BudgetLedgerStatus borrower, AccountKey shared, LedgerHolder holder) =>
        borrower.Limits.Any(limit => limit.Budget == shared.LedgerName && Borrowing.Holder(borrower, limit.First) == holder.Id);

    // A borrower's ledger that is gone, or another one, closes nothing any more; one that is there says itself what it does not know.
    private async Task<bool> IsGoneAsync(AccountKey shared, LedgerHolder holder, CancellationToken cancellationToken)
    {
        try
        {
            var found = await api.GetAsync(ResourceType.Of<BudgetLedger>(), options.Namespace, holder.Pod, cancellationToken);
            if (found?["status"]?["id"]?.GetValue<string>() is not { } id || !holder.Id.StartsWith(id + "-", StringComparison.Ordinal))
                return true;
            if (holder.Closed != true && holder.Pod.Split('.') is [var ns, var agent])
                await Writer(AccountKey.Serving(ns, agent)).ForgetJoinAsync(shared, holder, cancellationToken);
            return false;
        }
        catch (Exception error) when (error is KubernetesApiException or HttpRequestException or TimeoutException)
        {
            return false;
        }
    }

    private async Task DeleteFinishedAsync(CancellationToken cancellationToken)
    {
        foreach (var ledger in ledgers.List().Where(ledger => IsFinished(ledger.View)))
        {
            try
            {
                if (term?.Writers.TryRemove(AccountKey.Of(ledger.View.Spec), out var writer) == true)
                    writer.Value.Close();
                await api.DeleteAsync(
                    ResourceType.Of<BudgetLedger>(),
                    ledger.Key.Namespace,
                    ledger.Key.Name,
                    ledger.Uid,
                    cancellationToken
                );
                ControllerLog.Deleted(logger, BudgetLedger.EntityKind, ledger.Key);
            }
            catch (Exception error) when (error is KubernetesApiException or HttpRequestException or TimeoutException)
            {
                ControllerLog.LedgerFailed(logger, ledger.Key.Name, error.Message);
            }
        }
    }

    // An agent's own account outlives it until its window is over, so that making it anew resets no cap. The account of an
    // evaluation lives as long as the record of that evaluation.
    private bool IsFinished(BudgetLedger ledger)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (
            ledger.Status is not { } status
            || status.Holders.Any(holder => holder.Closed != true)
            || now - ledger.Metadata.CreationTimestamp < MinimumAge
        )
            return false;
        var agent = new NamespacedName(ledger.Spec.Namespace, ledger.Spec.Agent);
        return ledger.Spec.Account switch
        {
            LedgerAccount.Serving => agents.Get(agent) is null && IsOver(status, now),
            LedgerAccount.Shared => budgets.Get(agent) is null && IsOver(status, now),
            _ => !runs.ByIndex(CacheIndexes.ByAgent, agent.ToString()).Any(run => run.View.Spec.Revision == ledger.Spec.Revision),
        };
    }

    // What a shared budget lent must be closed there first.
    private static bool IsOver(BudgetLedgerStatus status, DateTime now) =>
        status.Limits.All(limit => limit.Shared != true && limit.Ends < now);

    // The cache may lag behind a pod that just came; only the API server knows.
    private async Task<bool> IsGoneAsync(BudgetLedgerSpec account, LedgerHolder holder, CancellationToken cancellationToken)
    {
        // Judges work beside their suite.
        IEnumerable<string> namespaces =
            account.Account != LedgerAccount.Judge
                ? [account.Namespace]
                : runs.ByIndex(CacheIndexes.ByAgent, $"{account.Namespace}/{account.Agent}").Select(run => run.Key.Namespace).Distinct();
        try
        {
            foreach (var ns in namespaces)
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
        catch (Exception error) when (error is KubernetesApiException or HttpRequestException or TimeoutException)
        {
            return false;
        }
    }
}
