using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// Keeps <see cref="GrantAccount"/> supplied: asks the operator for the first waiting call, reports spending, returns what others need. One
/// request is in flight at a time, whoever waits.
/// </summary>
internal sealed class GrantClient(
    GrantAccount account,
    IGrantAuthority authority,
    OverrunList overruns,
    TimeProvider time,
    ILogger<GrantClient> logger,
    OrphanedHolders? orphaned = null
)
{
    private const int MostDoublings = 3;
    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    private readonly Lock sync = new();
    private readonly WaitingCalls waiting = new(account);
    private TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GrantRefusal lastAnswer = GrantRefusal.Unreachable;
    private DateTimeOffset nextRequestAt;
    private DateTimeOffset nextReportAt;
    private DateTimeOffset wakesAt;
    private bool reachable = true;
    private DateTimeOffset? unreachableSince;
    private int rounds;
    private int failures;
    private bool stopped;
    private bool uncapped;

    /// <summary>The account.</summary>
    public GrantAccount Account => account;

    /// <summary>Reserves, waiting for money where the operator may have some.</summary>
    public async ValueTask<GrantResult> AcquireAsync(Amount amount, CancellationToken cancellationToken)
    {
        LinkedListNode<WaitingCall> node;
        lock (sync)
        {
            if (stopped)
                return new(null, GrantRefusal.Stopping);
            FollowConfiguration();
            if (authority.Observes && authority.Configured)
            {
                var (observed, over) = account.Reserve(amount);
                if (account.IsShort)
                    wake.TrySetResult();
                return new(observed, over ? GrantRefusal.Exhausted : GrantRefusal.None);
            }
            // Whoever waits already goes first.
            if ((waiting.Count == 0 || account.Unlimited) && account.TryReserve(amount, time.GetUtcNow()) is { } reservation)
                return new(reservation, GrantRefusal.None);
            node = waiting.Add(amount, time.GetUtcNow());
        }
        Signal();
        await using var expiry = time.CreateTimer(
            _ => Expire(node, mayGoOn: true),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
        node.Value.Expiry = expiry;
        expiry.Change(authority.MaxWait, Timeout.InfiniteTimeSpan);
        await using (cancellationToken.Register(() => Expire(node, mayGoOn: false)))
            return await node.Value.Result.Task;
    }

    /// <summary>Books a proven cost. True on an overrun.</summary>
    public bool Settle(Reservation reservation, Amount actual, SpendLabels? labels = null)
    {
        var overrun = account.Settle(reservation, actual, time.GetUtcNow(), labels);
        Freed();
        return overrun;
    }

    /// <summary>Books the whole reservation as spent.</summary>
    public void MarkUnproven(Reservation reservation, SpendLabels? labels = null)
    {
        account.MarkUnproven(reservation, time.GetUtcNow(), labels);
        Freed();
    }

    /// <summary>Wakes the loop, for example because the configuration changed.</summary>
    public void Signal()
    {
        lock (sync)
            wake.TrySetResult();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var report = Next(out var wait);
            try
            {
                if (report is null)
                    await WaitAsync(wait, cancellationToken);
                else
                    await ExchangeAsync(report, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Stops lending: refuses all, and counts what is in flight as unproven. From now on nothing is added to the closing reports.
    /// </summary>
    public void Close()
    {
        lock (sync)
        {
            stopped = true;
            waiting.RefuseAll(GrantRefusal.Stopping);
        }
        account.Close(time.GetUtcNow());
    }

    /// <summary>Closes, and tells the operator, for at most <paramref name="limit"/>. True where it was told.</summary>
    public async Task<bool> CloseAsync(TimeSpan limit)
    {
        Close();
        if (!authority.Configured)
            return true;
        using var expiry = new CancellationTokenSource(limit, time);
        var tries = 0;
        while ((orphaned?.Next() ?? account.Due(time.GetUtcNow(), Coalesce, Heartbeat)) is { } report)
        {
            try
            {
                var answer = await SendAsync(report, expiry.Token);
                if (orphaned?.Answered(report, answer) == true)
                    continue;
                account.Apply(report, answer, time.GetUtcNow());
                if (answer.Outcome == GrantOutcome.HolderClosed)
                    return true;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                if (expiry.IsCancellationRequested)
                    return false;
                if (tries == 0)
                    logger.GrantFailed(Reason(exception));
                await Task.Delay(Jitter(tries++), time, CancellationToken.None);
            }
        }
        return true;
    }

    /// <summary>Without a budget in the configuration nothing is refused; once there is one again, the operator decides.</summary>
    private void FollowConfiguration()
    {
        if (authority.Configured != uncapped)
            return;
        uncapped = !authority.Configured;
        account.Unlimited = uncapped;
    }

    private GrantReport? Next(out TimeSpan wait)
    {
        lock (sync)
        {
            wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var now = time.GetUtcNow();
            var report = Next(now, out wait);
            // From the same moment: were it a little later than what is due, each call would wake the loop.
            wakesAt = report is null ? now + wait : DateTimeOffset.MinValue;
            return report;
        }
    }

    private GrantReport? Next(DateTimeOffset now, out TimeSpan wait)
    {
        wait = Idle;
        FollowConfiguration();
        if (!authority.Configured)
        {
            waiting.ServeFitting(time.GetUtcNow());
            return null;
        }
        waiting.ServeFitting(time.GetUtcNow());
        if (orphaned?.Next() is { } closing)
        {
            wait = nextReportAt - now;
            return wait <= TimeSpan.Zero ? closing : null;
        }
        if (waiting.First is { } first)
        {
            if (now >= nextRequestAt)
                return account.Want(first.Amount, waiting.BehindFirst);
            wait = nextRequestAt - now;
        }
        else if (authority.Observes && account.IsShort)
        {
            if (now >= nextRequestAt)
                return account.Want(Amount.Zero);
            wait = nextRequestAt - now;
        }
        if (now >= nextReportAt && account.Due(now, Coalesce, Heartbeat) is { } report)
            return report;
        var due = account.NextDue(Coalesce, Heartbeat);
        due = due < nextReportAt ? nextReportAt : due;
        if (due - now < wait)
            wait = due > now ? due - now : TimeSpan.FromMilliseconds(1);
        return null;
    }

    private async Task ExchangeAsync(GrantReport report, CancellationToken cancellationToken)
    {
        GrantResponse answer;
        var began = time.GetUtcNow();
        try
        {
            answer = await SendAsync(report, cancellationToken);
        }
        catch (Exception exception)
            when (exception is not OutOfMemoryException
                && !(exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
            )
        {
            // Whatever it is (TLS, refused, a broken answer, a missing file): nothing is granted, and the waiting calls decide by their own
            // clocks.
            lock (sync)
            {
                if (reachable)
                    logger.GrantFailed(Reason(exception));
                reachable = false;
                unreachableSince ??= began;
                lastAnswer = GrantRefusal.Unreachable;
                nextRequestAt = nextReportAt = time.GetUtcNow() + Jitter(failures++);
            }
            return;
        }
        lock (sync)
        {
            if (!reachable)
                logger.GrantsRecovered();
            reachable = true;
            unreachableSince = null;
            failures = 0;
            Take(report, answer);
        }
    }

    private async Task<GrantResponse> SendAsync(GrantReport report, CancellationToken cancellationToken)
    {
        report.Request.Overruns = overruns.Own;
        var answer = await authority.SendAsync(report.Request, cancellationToken);
        overruns.Take(report.Request.Overruns, answer.Refused);
        return answer;
    }

    private void Take(GrantReport report, GrantResponse answer)
    {
        if (orphaned?.Answered(report, answer) == true)
            return;
        var now = time.GetUtcNow();
        if (answer.Outcome == GrantOutcome.HolderClosed)
        {
            logger.HolderClosed(account.Holder);
            account.Reopen(NewHolder());
            lastAnswer = GrantRefusal.Unreachable;
            // Once at once; a second time in a row would be a loop.
            nextRequestAt = rounds++ == 0 ? now : now + Jitter();
            return;
        }
        var windowBefore = account.Totals.Window;
        account.Apply(report, answer, now);
        if (account.Totals.Window != windowBefore)
            logger.WindowOpened(account.Totals.Window);
        if (report.Request.Call is { } call)
        {
            switch (answer.Outcome)
            {
                case GrantOutcome.Held:
                    lastAnswer = GrantRefusal.Contended;
                    account.ReturnFree(now);
                    nextRequestAt = now + Jitter();
                    break;
                case GrantOutcome.Exhausted:
                    waiting.RefuseFrom(call, now);
                    break;
                case GrantOutcome.WindowOver when rounds++ > 3:
                    nextRequestAt = now + Jitter();
                    break;
                default:
                    break;
            }
        }
        if (answer.Outcome is GrantOutcome.Granted or GrantOutcome.Unlimited)
        {
            rounds = 0;
            var before = waiting.Count;
            waiting.ServeFitting(time.GetUtcNow());
            // Granted, and yet nobody can go: the next try must not follow at once.
            if (report.Request.Call is not null && before > 0 && waiting.Count == before)
            {
                lastAnswer = GrantRefusal.Contended;
                nextRequestAt = now + Jitter();
            }
        }
        // Nobody waits for it, so it need not be asked for at once again.
        if (authority.Observes && report.Request.Call is not null && account.IsShort)
            nextRequestAt = now + Jitter();
        if (answer.Reclaim && waiting.Count == 0)
            account.ReturnFree(now);
    }

    private void Freed()
    {
        lock (sync)
        {
            if (waiting.Count > 0)
                waiting.ServeFitting(time.GetUtcNow());
            // Most calls change nothing about when the loop has to say something: waking it for each would cost more than all else here.
            if (!uncapped && nextReportAt < wakesAt && account.NextDue(Coalesce, Heartbeat) < wakesAt)
                wake.TrySetResult();
        }
    }

    private void Expire(LinkedListNode<WaitingCall> node, bool mayGoOn)
    {
        lock (sync)
        {
            if (node.List is null)
                return;
            // While the operator changes hands a call waits for the new one; a longer outage is told at once again.
            var bridged = (unreachableSince ?? node.Value.Began) + authority.FailoverWait - time.GetUtcNow();
            if (mayGoOn && lastAnswer != GrantRefusal.Contended && bridged > TimeSpan.Zero)
            {
                node.Value.Expiry?.Change(bridged, Timeout.InfiniteTimeSpan);
                return;
            }
            waiting.Refuse(node, lastAnswer == GrantRefusal.Contended ? GrantRefusal.Contended : GrantRefusal.Unreachable);
        }
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        Task signal;
        lock (sync)
            signal = wake.Task;
        using var delay = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(signal, Task.Delay(limit, time, delay.Token));
        await delay.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>A random ID, 32 of [a-f0-9].</summary>
    public static string NewHolder() => Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));

    // As calls are tried again, but 1 to 2 s at most: a new leader is found soon, and an operator that refuses is not asked ten times a
    // second by every pod.
    private static TimeSpan Jitter(int failures = 0) => Backoff.Delay(int.Min(failures, MostDoublings) + 1, Random.Shared.NextDouble());

    private static string Reason(Exception exception) =>
        exception is OperationCanceledException ? "timeout" : $"{exception.GetType().Name}: {exception.GetBaseException().Message}";
}
