using System.Diagnostics;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.BenchBudgets;

/// <summary>What a saturated operator did.</summary>
/// <param name="PerSecond">Grants per second.</param>
/// <param name="Times">From a request to its grant, ms.</param>
/// <param name="Held">Answers that told to wait.</param>
/// <param name="Failed">Requests without an answer.</param>
/// <param name="WritesPerSecond">Ledger writes per second, all ledgers.</param>
/// <param name="Cores">The operator's CPU.</param>
internal sealed record Saturated(
    double PerSecond,
    IReadOnlyCollection<double> Times,
    int Held,
    int Failed,
    double WritesPerSecond,
    double Cores
);

/// <summary>
/// Every pod wants a new grant as soon as the last one is answered. It spends one call of it and gives the rest back, so that each request
/// needs a grant and the cap lasts.
/// </summary>
internal static class Saturation
{
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    public static async Task<Saturated> RunAsync(
        IReadOnlyList<SimulatedPod> pods,
        Counters counters,
        TimeSpan length,
        CancellationToken cancellationToken
    )
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tally = new Tally();
        var running = pods.Select(pod => Task.Run(() => PodAsync(pod, tally, over.Token, cancellationToken), CancellationToken.None))
            .ToArray();
        await Task.Delay(Warm, cancellationToken);
        var before = await counters.LookAsync(cancellationToken);
        tally.Reset();
        await Task.Delay(length, cancellationToken);
        var (times, held, failed) = tally.Take();
        var (seconds, grown) = (await counters.LookAsync(cancellationToken)).Since(before);
        await over.CancelAsync();
        await Task.WhenAll(running);
        return new Saturated(times.Count / length.TotalSeconds, times, held, failed, grown.LedgerWrites / seconds, grown.Cpu / seconds);
    }

    private static async Task PodAsync(SimulatedPod pod, Tally tally, CancellationToken over, CancellationToken cancellationToken)
    {
        var account = pod.Account;
        while (!over.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var report = account.Want(Call.Bound);
                var answer = await pod.SendAsync(report.Request, cancellationToken);
                account.Apply(report, answer, TimeProvider.System.GetUtcNow());
                if (account.TryReserve(Call.Bound, TimeProvider.System.GetUtcNow()) is { } reservation)
                {
                    tally.Granted(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    account.Settle(reservation, Call.Cost, TimeProvider.System.GetUtcNow());
                    account.ReturnFree(TimeProvider.System.GetUtcNow());
                }
                else if (answer.Outcome != GrantOutcome.WindowOver)
                {
                    tally.Held();
                    await PauseAsync(over);
                }
                // A segment that is over, because the account joined a shared budget, is closed as the guardrail does it.
                while (account.OldWindows > 0 && account.Due(TimeProvider.System.GetUtcNow(), Coalesce, Heartbeat) is { } due)
                    account.Apply(due, await pod.SendAsync(due.Request, cancellationToken), TimeProvider.System.GetUtcNow());
            }
            catch (Exception exception)
                when (!cancellationToken.IsCancellationRequested
                    && exception is HttpRequestException or OperationCanceledException or IOException
                )
            {
                tally.Failed();
                await PauseAsync(over);
            }
        }
    }

    // As the guardrail waits before it asks again.
    private static async Task PauseAsync(CancellationToken over) =>
        await Task.Delay(Random.Shared.Next(100, 251), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private sealed class Tally
    {
        private readonly Lock gate = new();
        private List<double> times = [];
        private int held;
        private int failed;

        public void Granted(double milliseconds)
        {
            lock (gate)
                times.Add(milliseconds);
        }

        public void Held() => Interlocked.Increment(ref held);

        public void Failed() => Interlocked.Increment(ref failed);

        public void Reset() => Take();

        public (List<double> Times, int Held, int Failed) Take()
        {
            lock (gate)
            {
                var taken = (times, held, failed);
                (times, held, failed) = ([], 0, 0);
                return taken;
            }
        }
    }
}
