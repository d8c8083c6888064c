using System.Collections.Concurrent;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Which ledgers are open while this replica leads: one writer for each account that was asked for.</summary>
public sealed class LedgerRegistry(
    AccountDeclarations declarations,
    ObjectCache<BudgetLedger> ledgers,
    [FromKeyedServices(LedgerRegistry.Api)] KubernetesApi api,
    OperatorOptions options,
    TimeProvider time,
    ILogger<LedgerRegistry> logger
) : ILeaderTask
{
    /// <summary>Key of the service that money is written through.</summary>
    public const string Api = "ledgers";

    private volatile Term? term;

    private sealed class Term(CancellationToken cancellationToken)
    {
        public ConcurrentDictionary<AccountKey, Lazy<LedgerWriter>> Writers { get; } = new();

        public ConcurrentBag<Task> Running { get; } = [];

        public CancellationToken Token { get; } = cancellationToken;
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
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
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
    /// <exception cref="LedgerUnavailableException">This replica does not lead, or the ledger could not be written.</exception>
    public Task RefreshAsync(AccountKey account, CancellationToken cancellationToken) => Writer(account).RefreshAsync(cancellationToken);

    /// <summary>Books a report and answers what is wanted.</summary>
    /// <exception cref="LedgerUnavailableException">This replica does not lead, or the ledger could not be written.</exception>
    public Task<GrantResponse> GrantAsync(AccountKey account, GrantRequest request, HolderPod pod, CancellationToken cancellationToken) =>
        Writer(account).GrantAsync(request, pod, Amount.Zero, cancellationToken);

    /// <summary>The writer of an account; opens it where it is not open.</summary>
    /// <exception cref="LedgerUnavailableException">This replica does not lead.</exception>
    internal LedgerWriter Writer(AccountKey account)
    {
        var current = term ?? throw new LedgerUnavailableException("this replica does not lead");
        return current
            .Writers.GetOrAdd(
                account,
                key => new Lazy<LedgerWriter>(() =>
                {
                    var environment = new LedgerEnvironment(
                        now => DeclaredTerms.Of(key, declarations.Of(key), now),
                        BorrowAsync,
                        ReturnIdle
                    );
                    var writer = new LedgerWriter(key, environment, api, options, time, logger);
                    // The writer lives longer than the reconciliation that needed it first, so its log lines must not carry the ID of that
                    // one.
                    using (ExecutionContext.SuppressFlow())
                        current.Running.Add(Task.Run(() => writer.RunAsync(current.Token), CancellationToken.None));
                    return writer;
                })
            )
            .Value;
    }

    /// <summary>Closes the writer of an account whose ledger is about to be deleted.</summary>
    internal void Close(AccountKey account)
    {
        if (term?.Writers.TryRemove(account, out var writer) == true)
            writer.Value.Close();
    }

    // Shared budgets are asked within this process, because the leader writes all ledgers. A budget that does not exist lends nothing, and
    // no ledger is created for it.
    private async Task<GrantResponse> BorrowAsync(
        AccountKey shared,
        GrantRequest request,
        HolderPod holder,
        Amount also,
        CancellationToken cancellationToken
    )
    {
        if (declarations.IsInUse(shared) || ledgers.Get(new NamespacedName(options.Namespace, shared.LedgerName)) is not null)
            return await Writer(shared).GrantAsync(request, holder, also, cancellationToken);
        return new GrantResponse
        {
            Outcome = request.WantTotal is { IsZero: false } ? GrantOutcome.Exhausted : GrantOutcome.Granted,
            Window = "missing",
            WindowEnds = DateTimeOffset.MaxValue.AddYears(-1),
            Budget = shared.Agent,
        };
    }

    // Accounts that hold money that others wait for give back what they do not need. Their pods are told with the answer to their next
    // message.
    private void ReturnIdle(IReadOnlyList<string> holders)
    {
        foreach (var (key, writer) in term?.Writers.ToArray() ?? [])
        {
            if (!key.Lends && holders.Contains(key.LedgerName))
                writer.Value.ReturnIdle();
        }
    }
}
