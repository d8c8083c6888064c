using System.Text.Json.Nodes;
using System.Threading.Channels;
using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Hosting;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Budgets;

/// <summary>This replica may not or cannot write the ledger, so it gives no answer about money.</summary>
public sealed class LedgerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The only hand that writes one ledger. Requests that wait are applied together and written once (group commit), by
/// compare-and-swap on the object's version; an answer is given only when its write is done. A write that lost the race is
/// thrown away with everything it would have answered, and the requests are applied to what is really there.
/// </summary>
internal sealed class LedgerBook
{
    private const int MaxBatch = 256;
    private const int MaxTries = 5;
    private static readonly ResourceType Ledgers = ResourceType.Of<BudgetLedger>();

    private readonly Channel<Posting> postings = Channel.CreateBounded<Posting>(4096);
    private readonly AccountKey account;
    private readonly KubernetesApi api;
    private readonly OperatorOptions options;
    private readonly Func<DateTimeOffset, OpenWindow?> window;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly HolderBurn burn;

    private BudgetLedger? current;
    private long epoch;

    /// <summary>Opens the book of an account; <paramref name="window"/> tells the window and cap in force at a moment, null where nobody declares one.</summary>
    public LedgerBook(AccountKey account, Func<DateTimeOffset, OpenWindow?> window, KubernetesApi api, OperatorOptions options, TimeProvider time, ILogger logger)
    {
        this.account = account;
        this.window = window;
        this.api = api;
        this.options = options;
        this.time = time;
        this.logger = logger;
        burn = new HolderBurn(time);
    }

    private delegate (BudgetLedgerStatus After, GrantResponse? Answer) Change(BudgetLedgerStatus before, OpenWindow window);

    private sealed record Posting(Change Change, TaskCompletionSource<GrantResponse?> Done);

    /// <summary>Opens the window of now and takes the declared cap over.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) => PostAsync((before, _) => (before, null), cancellationToken);

    /// <summary>Takes holders for lost.</summary>
    public Task LoseAsync(Func<LedgerHolder, bool> isLost, CancellationToken cancellationToken) =>
        PostAsync((before, _) => (LedgerRules.Lose(before, isLost), null), cancellationToken);

    /// <summary>Books a guardrail's report and answers what it wants.</summary>
    public async Task<GrantResponse> GrantAsync(GrantRequest request, HolderPod pod, CancellationToken cancellationToken) => (await PostAsync((before, open) =>
    {
        var extra = burn.PerMinute(request.Holder, request.Settled + request.Unproven);
        var (after, outcome, granted) = LedgerRules.Apply(before, request, pod, extra, open.Cap is not null, open.Observe);
        after = Overruns.Book(after, request.Overruns, pod.Name, open.Acknowledged);
        if (outcome == GrantOutcome.Held)
            burn.NoteHunger();
        if (after.Exhausted == true && before.Exhausted != true)
        {
            ControllerLog.Exhausted(logger, account.LedgerName, request.Call?.ToString() ?? "0",
                LedgerRules.Spent(after).ToString(), (after.Cap ?? Money.Zero).ToString());
        }
        return (after, new GrantResponse
        {
            Outcome = outcome,
            Window = open.Name,
            WindowEnds = open.Ends,
            Granted = granted,
            Budget = open.Budget,
            Cap = after.Cap ?? Money.Zero,
            Spent = LedgerRules.Spent(after),
            Refused = Overruns.Refused(after, request.Overruns, open.Acknowledged),
            Reclaim = outcome != GrantOutcome.Held && burn.IsHungry,
        });
    }, cancellationToken))!;

    /// <summary>Takes no more postings: the ledger is deleted.</summary>
    public void Close() => postings.Writer.TryComplete();

    /// <summary>Works until cancelled; what still waits then is told so.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Posting>(MaxBatch);
        try
        {
            while (await postings.Reader.WaitToReadAsync(cancellationToken))
            {
                batch.Clear();
                while (batch.Count < MaxBatch && postings.Reader.TryRead(out var posting))
                    batch.Add(posting);
                await CommitAsync(batch, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Leadership is over.
        }
        finally
        {
            postings.Writer.TryComplete();
            while (postings.Reader.TryRead(out var posting))
                batch.Add(posting);
            foreach (var posting in batch)
                posting.Done.TrySetException(new LedgerUnavailableException("this replica does not lead any more"));
        }
    }

    private async Task<GrantResponse?> PostAsync(Change change, CancellationToken cancellationToken)
    {
        var posting = new Posting(change, new TaskCompletionSource<GrantResponse?>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await postings.Writer.WriteAsync(posting, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new LedgerUnavailableException("this replica does not lead any more");
        }
        return await posting.Done.Task.WaitAsync(cancellationToken);
    }

    private async Task CommitAsync(List<Posting> batch, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                current ??= await OpenAsync(cancellationToken);
                var before = current.Status ?? new BudgetLedgerStatus();
                var open = window(time.GetUtcNow()) ?? BudgetWindows.AsItStands(before);
                var after = Overruns.Acknowledge(LedgerRules.Open(before with { Epoch = epoch }, open), open.Acknowledged);
                var answers = new List<(Posting Posting, GrantResponse? Answer)>(batch.Count);
                foreach (var posting in batch)
                {
                    (after, var answer) = posting.Change(after, open);
                    answers.Add((posting, answer));
                }
                if (!Same(before, after))
                    current = await WriteAsync(current, after, cancellationToken);
                foreach (var (posting, answer) in answers)
                    posting.Done.TrySetResult(answer);
                return;
            }
            catch (KubernetesApiException error) when (error.IsConflict && attempt < MaxTries)
            {
                ControllerLog.LedgerConflict(logger, account.LedgerName, error.Message);
                current = null;
            }
            catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The write may or may not have happened: read again before anything else is decided.
                ControllerLog.LedgerFailed(logger, account.LedgerName, error.Message);
                current = null;
                foreach (var posting in batch)
                    posting.Done.TrySetException(new LedgerUnavailableException($"the ledger could not be written: {error.Message}", error));
                return;
            }
        }
    }

    private async Task<BudgetLedger> OpenAsync(CancellationToken cancellationToken)
    {
        var found = await api.GetAsync(Ledgers, options.Namespace, account.LedgerName, cancellationToken)
            ?? await api.CreateAsync(Ledgers, options.Namespace, Fresh(), cancellationToken);
        var ledger = KubernetesJson.Deserialize<BudgetLedger>(found.ToJsonString());
        // The first write of a leader raises the epoch, so that the object tells who wrote it.
        epoch = (ledger.Status?.Epoch ?? 0) + 1;
        ControllerLog.LedgerOpened(logger, account.LedgerName, epoch);
        return ledger;
    }

    private JsonObject Fresh()
    {
        var spec = new JsonObject { ["namespace"] = account.Namespace, ["agent"] = account.Agent, ["account"] = account.Account.ToString() };
        if (account.Revision is not null)
            spec["revision"] = account.Revision;
        return new JsonObject
        {
            ["apiVersion"] = Ledgers.ApiVersion,
            ["kind"] = Ledgers.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = account.LedgerName,
                ["namespace"] = options.Namespace,
                ["labels"] = new JsonObject
                {
                    [Names.ManagedByLabel] = Names.Operator,
                    [Names.AgentLabel] = account.Agent,
                    [Names.AgentNamespaceLabel] = account.Namespace,
                },
            },
            ["spec"] = spec,
        };
    }

    private async Task<BudgetLedger> WriteAsync(BudgetLedger ledger, BudgetLedgerStatus status, CancellationToken cancellationToken)
    {
        var body = (JsonObject)JsonNode.Parse(KubernetesJson.Serialize(ledger))!;
        body["status"] = JsonNode.Parse(KubernetesJson.Serialize(status));
        var written = await api.SendAsync(HttpMethod.Put, Ledgers.Path(options.Namespace, account.LedgerName, "status"), body, "application/json", cancellationToken);
        return KubernetesJson.Deserialize<BudgetLedger>(written.ToJsonString());
    }

    private static bool Same(BudgetLedgerStatus before, BudgetLedgerStatus after) =>
        ReferenceEquals(before, after) || KubernetesJson.Serialize(before) == KubernetesJson.Serialize(after);
}
