using System.Threading.Channels;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// The only writer of one ledger. Requests that wait are applied together and written once (group commit), by compare-and-swap on the
/// version of the object; a grant is answered only after its write. When a write meets a conflict, its answers are thrown away, and the
/// requests are applied again to what the API server has. Reports that ask for nothing wait for the next write, two seconds at most: their
/// senders repeat them, so a report that is lost does no harm.
/// </summary>
internal sealed class LedgerWriter
{
    // The cost of a write depends on the size of the ledger and not on how much is new in it, so all that wait go into one write.
    private const int MaxBatch = LedgerRules.MaxHolders;
    private const int MaxTries = 5;
    private static readonly TimeSpan ReportFlushDelay = TimeSpan.FromSeconds(2);

    private readonly Channel<Posting> postings = Channel.CreateBounded<Posting>(4096);
    private readonly AccountKey account;
    private readonly LedgerEnvironment environment;
    private readonly LedgerStore store;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly HolderBurn burn;
    private readonly GrantWaitQueue waiting;
    private readonly BorrowedFunds funds;

    private BudgetLedgerStatus? booked;
    private long? unwrittenSince;
    private long epoch;
    private volatile bool returnIdle;

    /// <summary>Makes the writer of an account.</summary>
    public LedgerWriter(
        AccountKey account,
        LedgerEnvironment environment,
        KubernetesApi api,
        OperatorOptions options,
        TimeProvider time,
        ILogger logger
    )
    {
        this.account = account;
        this.environment = environment;
        this.time = time;
        this.logger = logger;
        store = new LedgerStore(account, api, options);
        burn = new HolderBurn(time);
        waiting = new GrantWaitQueue(time);
        funds = new BorrowedFunds(account, environment.Borrow, time);
    }

    private delegate GrantDecision Change(BudgetLedgerStatus before, AccountTerms terms);

    private sealed record Posting(Change Change, TaskCompletionSource<GrantResponse?> Done)
    {
        public GrantRequest? Request { get; init; }
    }

    /// <summary>Opens the windows of now and takes the declared caps over.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) =>
        PostAsync(null, (before, _) => new GrantDecision(before, GrantOutcome.Granted, Amount.Zero), cancellationToken);

    /// <summary>Closes holders as lost.</summary>
    public Task CloseLostAsync(Func<LedgerHolder, bool> isLost, CancellationToken cancellationToken) =>
        PostAsync(
            null,
            (before, _) => new GrantDecision(LedgerRules.CloseLost(before, isLost), GrantOutcome.Granted, Amount.Zero) { IsUrgent = true },
            cancellationToken
        );

    /// <summary>Books the closing report that a holder left behind. Of a holder that is not listed, or closed, nothing is booked.</summary>
    public Task ApplyFinalReportAsync(GrantRequest last, HolderPod pod, CancellationToken cancellationToken) =>
        PostAsync(null, (before, terms) => FinalReportRules.Apply(before, last, pod, terms, time.GetUtcNow()), cancellationToken);

    /// <summary>
    /// Gives back what no holder needs, because somebody waits at a shared budget, and asks the holders too. Returns at once.
    /// </summary>
    public void ReturnIdle()
    {
        returnIdle = true;
        postings.Writer.TryWrite(
            new Posting(
                (before, _) => new GrantDecision(before, GrantOutcome.Granted, Amount.Zero),
                new TaskCompletionSource<GrantResponse?>()
            )
        );
    }

    /// <summary>Closes a holder of a shared budget that this account, which it names, knows nothing of and never will.</summary>
    public Task ForgetJoinAsync(AccountKey shared, LedgerHolder row, CancellationToken cancellationToken) =>
        PostAsync(
            null,
            (before, _) =>
            {
                funds.ForgetJoin(before, shared, row);
                return new GrantDecision(before, GrantOutcome.Granted, Amount.Zero);
            },
            cancellationToken
        );

    /// <summary>Books a report and answers what its sender wants.</summary>
    /// <param name="request">The message.</param>
    /// <param name="pod">Its sender.</param>
    /// <param name="also">What other holders of the sender wait for.</param>
    /// <param name="cancellationToken">Cancels the waiting, not the booking.</param>
    public async Task<GrantResponse> GrantAsync(GrantRequest request, HolderPod pod, Amount also, CancellationToken cancellationToken) =>
        (
            await PostAsync(
                request,
                (before, terms) =>
                {
                    var hints = new GrantHints(
                        burn.PerMinute(request.Holder, request.Settled + request.Unproven),
                        also + (request.Also ?? Amount.Zero).Positive(),
                        waiting.Ahead(request.Holder)
                    );
                    var decision = LedgerRules.Apply(before, request, pod, hints, terms, time.GetUtcNow());
                    var after = Overruns.Book(decision.Account, request.Overruns, pod.Name, terms.Acknowledged);
                    if (!terms.Observe && LedgerRules.Booked(before, request, pod) is { } line)
                        after = Overruns.NoteExcess(after, line, time.GetUtcNow(), terms.Acknowledged);
                    return decision with { Account = after, IsUrgent = decision.IsUrgent || after.Overruns != decision.Account.Overruns };
                },
                cancellationToken
            )
        )!;

    /// <summary>Takes no more postings: the ledger is deleted.</summary>
    public void Close() => postings.Writer.TryComplete();

    /// <summary>Works until cancelled. Requests that still wait then fail with an exception that says so.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<Posting>();
        try
        {
            while (await WaitAsync(cancellationToken))
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

    // Waits until a message arrives, or until what is booked and not yet written is due.
    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        var read = postings.Reader.WaitToReadAsync(cancellationToken).AsTask();
        if (unwrittenSince is not { } since || read.IsCompleted)
            return await read;
        var left = ReportFlushDelay - time.GetElapsedTime(since);
        using var delay = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (left > TimeSpan.Zero && await Task.WhenAny(read, Task.Delay(left, time, delay.Token)) == read)
        {
            await delay.CancelAsync();
            return await read;
        }
        cancellationToken.ThrowIfCancellationRequested();
        return true;
    }

    private async Task<GrantResponse?> PostAsync(GrantRequest? request, Change change, CancellationToken cancellationToken)
    {
        var posting = new Posting(change, new TaskCompletionSource<GrantResponse?>(TaskCreationOptions.RunContinuationsAsynchronously))
        {
            Request = request,
        };
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
                if (!store.IsRead)
                    await OpenAsync(cancellationToken);
                var before = booked ?? store.Status with { Epoch = epoch };
                var now = time.GetUtcNow();
                var terms = environment.Terms(now);
                var opened = Overruns.Acknowledge(LedgerLimits.Open(before, terms, now, store.Id), terms.Acknowledged);
                var isAsked = batch.Exists(posting => posting.Request is not null);
                if (isAsked)
                    opened = await funds.JoinAsync(opened, store.Status, terms, cancellationToken);
                var idle = returnIdle;
                returnIdle = false;
                if (idle)
                {
                    funds.NoteContention();
                    opened = Borrowing.ReturnIdle(opened);
                }
                var (after, decisions) = await DecideAsync(opened, terms, batch, cancellationToken);
                after = PaceRecord.Note(before, after, now);
                var isDue = unwrittenSince is { } since && time.GetElapsedTime(since) >= ReportFlushDelay;
                // A grant is written before it is answered, and so is every change of the account's windows.
                if (isDue || decisions.Exists(decision => decision.IsUrgent) || booked is null || !LedgerStore.Same(before, opened))
                    await WriteAsync(after, cancellationToken);
                else if (!LedgerStore.Same(before, after))
                    (booked, unwrittenSince) = (after, unwrittenSince ?? time.GetTimestamp());
                for (var i = 0; i < batch.Count; i++)
                    batch[i].Done.TrySetResult(batch[i].Request is { } request ? Answer(request, decisions[i], after, terms) : null);
                Tell(opened, after, decisions);
                batch.Clear();
                if (unwrittenSince is not null)
                    return;
                booked = await funds.TendAsync(booked!, idle, cancellationToken);
                if (!LedgerStore.Same(booked, store.Status))
                    unwrittenSince = time.GetTimestamp();
                return;
            }
            catch (KubernetesApiException exception) when (exception.IsConflict && attempt < MaxTries)
            {
                ControllerLog.LedgerConflict(logger, account.LedgerName, exception.Message);
                Forget();
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // It is not known whether the write was done, so the ledger is read again before anything else is decided.
                ControllerLog.LedgerFailed(logger, account.LedgerName, exception.Message);
                Forget();
                foreach (var posting in batch)
                    posting.Done.TrySetException(
                        new LedgerUnavailableException($"the ledger could not be written: {exception.Message}", exception)
                    );
                return;
            }
        }
    }

    private void Forget()
    {
        store.Forget();
        (booked, unwrittenSince) = (null, null);
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        await store.ReadAsync(cancellationToken);
        // The first write of a leader raises the epoch, so that the object tells who wrote it.
        epoch = store.Status.Epoch + 1;
        ControllerLog.LedgerOpened(logger, account.LedgerName, epoch);
    }

    private async Task WriteAsync(BudgetLedgerStatus after, CancellationToken cancellationToken)
    {
        if (!LedgerStore.Same(store.Status, after))
            await store.WriteAsync(after, cancellationToken);
        (booked, unwrittenSince) = (after, null);
    }

    // First it is decided with what shared budgets have lent already. Where that is not enough, they are asked, the widest first, and it is
    // decided again.
    private async Task<(BudgetLedgerStatus After, List<GrantDecision> Decisions)> DecideAsync(
        BudgetLedgerStatus opened,
        AccountTerms terms,
        List<Posting> batch,
        CancellationToken cancellationToken
    )
    {
        var asked = new Dictionary<string, (GrantResponse Answer, Amount Call)>(StringComparer.Ordinal);
        for (var round = 0; ; round++)
        {
            var after = opened;
            var decisions = new List<GrantDecision>(batch.Count);
            var shortages = new List<Shortage>();
            foreach (var posting in batch)
            {
                var decision = posting.Change(after, terms);
                after = decision.Account;
                decisions.Add(decision);
                if (decision.Lacks is { } budgets && posting.Request is { } request)
                    shortages.AddRange(
                        budgets.Select(budget => new Shortage(
                            budget,
                            (request.WantTotal!.Value - decision.Granted).Positive(),
                            request.Call ?? Amount.Zero,
                            (request.Also ?? Amount.Zero).Positive()
                        ))
                    );
            }
            if (shortages.Count > 0 && round < 2)
            {
                opened = await funds.AskAsync(opened, after, store.Status, terms, shortages, asked, cancellationToken);
                opened = await funds.JoinAsync(opened, store.Status, terms, cancellationToken);
                continue;
            }
            for (var i = 0; i < decisions.Count; i++)
            {
                // A refusal of one call holds for every call that needs at least as much.
                var call = batch[i].Request?.Call ?? Amount.Zero;
                if (
                    decisions[i].Lacks is { } budgets
                    && budgets.Any(budget =>
                        asked.TryGetValue(budget, out var one) && one.Answer.Outcome == GrantOutcome.Exhausted && one.Call.FitsIn(call)
                    )
                )
                    decisions[i] = decisions[i] with { Outcome = GrantOutcome.Exhausted };
            }
            return (after, decisions);
        }
    }

    private GrantResponse Answer(GrantRequest request, GrantDecision decision, BudgetLedgerStatus after, AccountTerms terms)
    {
        if (decision.Outcome == GrantOutcome.Held)
            waiting.Wait(request.Holder, ((request.WantTotal ?? Amount.Zero) - decision.Granted).Positive());
        else
            waiting.Leave(request.Holder);
        var told = decision.Lacks is { } budgets ? budgets.Select(funds.LastAnswer).FirstOrDefault(answer => answer is not null) : null;
        var limit = decision.Limit ?? LedgerRules.Nearest(after);
        return new GrantResponse
        {
            Outcome = decision.Outcome,
            Window = LedgerLimits.WindowName(after, after.Segment),
            WindowEnds = after.SegmentEnds is { } ends
                ? new DateTimeOffset(DateTime.SpecifyKind(ends, DateTimeKind.Utc))
                : DateTimeOffset.MaxValue,
            Granted = decision.Granted,
            Budget = told?.Budget ?? (limit is { Shared: not true } ? account.NameOf(limit.Budget) : null),
            Cap = told?.Cap ?? limit?.MaxCost ?? Money.Zero,
            Spent = told?.Spent ?? (limit is null ? Money.Zero : LedgerLimits.Spent(limit).Cost),
            CapTokens = told is null ? limit?.MaxTokens : told.CapTokens,
            SpentTokens = told?.SpentTokens ?? (limit is null ? 0 : LedgerLimits.Spent(limit).Tokens),
            Noted = SpendBook.Noted(store.Status, request.Holder, request.Window ?? LedgerLimits.WindowName(after, after.Segment)),
            Refused = Overruns.Refused(after, request.Overruns, terms.Acknowledged),
            Reclaim = decision.Outcome != GrantOutcome.Held && (waiting.IsContended || funds.IsContended || IsOvercommitted(after)),
        };
    }

    // Where a cap was lowered below what is granted already, holders are asked to return what they do not need.
    private static bool IsOvercommitted(BudgetLedgerStatus account) =>
        LedgerLimits
            .Current(account)
            .Any(limit =>
                limit is { Observe: not true, Shared: not true }
                && !(LedgerLimits.Spent(limit) + limit.Outstanding).FitsIn(LedgerLimits.Cap(limit))
            );

    private void Tell(BudgetLedgerStatus before, BudgetLedgerStatus after, List<GrantDecision> decisions)
    {
        if (
            after.Exhausted == true
            && before.Exhausted != true
            && LedgerLimits.Current(after).FirstOrDefault(limit => limit.Exhausted == true) is { } spent
        )
            ControllerLog.Exhausted(
                logger,
                account.LedgerName,
                spent.Budget,
                spent.ExhaustedBy?.ToString() ?? "0",
                LedgerLimits.Spent(spent).ToString(),
                LedgerLimits.Cap(spent).ToString()
            );
        if (account.Lends && decisions.Exists(decision => decision.Outcome == GrantOutcome.Held))
            environment.Contended([
                .. after
                    .Holders.Where(holder => holder.Closed != true && !LedgerRules.Outstanding(holder).IsZero)
                    .Select(holder => holder.Pod)
                    .Distinct(),
            ]);
    }
}
