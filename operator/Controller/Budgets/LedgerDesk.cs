using System.Collections.Concurrent;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Controller.Views;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Budgets;

/// <summary>The books of all accounts, open while this replica leads.</summary>
public sealed class LedgerDesk(
    ObjectCache<AgentDeployment> agents,
    ObjectCache<BudgetLedger> ledgers,
    ObjectCache<EvalRun> runs,
    ObjectCache<EvalSuite> suites,
    ObjectCache<PodView> pods,
    [FromKeyedServices(LedgerDesk.Api)] KubernetesApi api,
    OperatorOptions options,
    TimeProvider time,
    ILogger<LedgerDesk> logger) : ILeaderTask
{
    /// <summary>Key of the service that money is written through.</summary>
    public const string Api = "ledgers";

    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(10);

    // An eval pod may spend before its EvalRun exists.
    private static readonly TimeSpan Youth = TimeSpan.FromMinutes(15);

    private volatile Term? term;

    private sealed class Term(CancellationToken token)
    {
        public ConcurrentDictionary<AccountKey, Lazy<LedgerBook>> Books { get; } = new();

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
    public Task RefreshAsync(AccountKey account, CancellationToken cancellationToken) => Book(account).RefreshAsync(cancellationToken);

    /// <summary>Books a report and answers what is wanted.</summary>
    /// <exception cref="LedgerUnavailableException">This replica does not lead, or the ledger could not be written.</exception>
    public Task<GrantResponse> GrantAsync(AccountKey account, GrantRequest request, HolderPod pod, CancellationToken cancellationToken) =>
        Book(account).GrantAsync(request, pod, cancellationToken);

    /// <summary>True where the agent is there and declares no budget for the account. An agent that is gone may spend nothing.</summary>
    public bool IsUnlimited(AccountKey account) =>
        agents.Get(new NamespacedName(account.Namespace, account.Agent)) is not null && Declared(account, time.GetUtcNow()) is null;

    /// <summary>The window and cap of an account, as declared now; null where there is none.</summary>
    private OpenWindow? Declared(AccountKey account, DateTimeOffset now)
    {
        if (agents.Get(new NamespacedName(account.Namespace, account.Agent))?.View is not { } agent)
            return null;
        OpenWindow? window = account.Account switch
        {
            LedgerAccount.Evals => BudgetWindows.Evals(agent.Spec, Again(account)),
            LedgerAccount.Judge => BudgetWindows.Judge(agent.Spec.Evals.Select(eval => suites.Get(new NamespacedName(eval.Suite.Namespace ?? account.Namespace, eval.Suite.Name))?.View).OfType<EvalSuite>(), Again(account)),
            _ => BudgetWindows.Serving(agent.Spec, now),
        };
        return window is { } open ? open with { Acknowledged = agent.Spec.Budget?.AcknowledgedOverruns ?? [] } : null;
    }

    private int Again(AccountKey account) => runs.ByIndex(CacheIndexes.ByAgent, $"{account.Namespace}/{account.Agent}")
        .Where(run => run.View.Spec.Purpose == EvalPurpose.Drift && run.View.Spec.Revision == account.Revision).Select(run => run.View.Spec.Attempt).DefaultIfEmpty().Max();

    private LedgerBook Book(AccountKey account)
    {
        var current = term ?? throw new LedgerUnavailableException("this replica does not lead");
        return current.Books.GetOrAdd(account, key => new Lazy<LedgerBook>(() =>
        {
            var book = new LedgerBook(key, now => Declared(key, now), api, options, time, logger);
            current.Running.Add(Task.Run(() => book.RunAsync(current.Token), CancellationToken.None));
            return book;
        })).Value;
    }

    // A pod that is gone closes nothing any more: what its guardrail held and did not report counts as spent.
    private async Task CloseLostHoldersAsync(CancellationToken cancellationToken)
    {
        var alive = pods.List().Where(entry => !entry.View.IsOver).Select(entry => entry.Uid).ToHashSet(StringComparer.Ordinal);
        foreach (var ledger in ledgers.List())
        {
            var missing = (ledger.View.Status?.Holders ?? []).Where(holder => !alive.Contains(holder.PodUid)).ToList();
            var gone = new HashSet<string>(StringComparer.Ordinal);
            foreach (var holder in missing)
            {
                if (await IsGoneAsync(ledger.View.Spec, holder, cancellationToken))
                    gone.Add(holder.PodUid);
            }
            if (gone.Count == 0)
                continue;
            try
            {
                var spec = ledger.View.Spec;
                await Book(new AccountKey(spec.Namespace, spec.Agent, spec.Account, spec.Revision)).LoseAsync(holder => gone.Contains(holder.PodUid), cancellationToken);
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

    private async Task DeleteFinishedAsync(CancellationToken cancellationToken)
    {
        foreach (var ledger in ledgers.List().Where(ledger => IsFinished(ledger.View)))
        {
            try
            {
                var spec = ledger.View.Spec;
                if (term?.Books.TryRemove(new AccountKey(spec.Namespace, spec.Agent, spec.Account, spec.Revision), out var book) == true)
                    book.Value.Close();
                await api.DeleteAsync(ResourceType.Of<BudgetLedger>(), ledger.Key.Namespace, ledger.Key.Name, ledger.Uid, cancellationToken);
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
        if (ledger.Status is not { } status || status.Holders.Any(holder => holder.Closed != true) || now - ledger.Metadata.CreationTimestamp < Youth)
            return false;
        var agent = new NamespacedName(ledger.Spec.Namespace, ledger.Spec.Agent);
        return ledger.Spec.Account == LedgerAccount.Serving
            ? agents.Get(agent) is null && status.WindowEnds < now
            : !runs.ByIndex(CacheIndexes.ByAgent, agent.ToString()).Any(run => run.View.Spec.Revision == ledger.Spec.Revision);
    }

    // The cache may lag behind a pod that just came; only the API server knows.
    private async Task<bool> IsGoneAsync(BudgetLedgerSpec account, LedgerHolder holder, CancellationToken cancellationToken)
    {
        // Judges work beside their suite.
        IEnumerable<string> namespaces = account.Account != LedgerAccount.Judge ? [account.Namespace]
            : runs.ByIndex(CacheIndexes.ByAgent, $"{account.Namespace}/{account.Agent}").Select(run => run.Key.Namespace).Distinct();
        try
        {
            foreach (var ns in namespaces)
            {
                var pod = await api.GetAsync(PodView.Resource, ns, holder.Pod, cancellationToken);
                if (pod?["metadata"]?["uid"]?.GetValue<string>() == holder.PodUid && pod["status"]?["phase"]?.GetValue<string>() is not ("Succeeded" or "Failed"))
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
