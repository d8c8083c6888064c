using System.Diagnostics;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Budget;

namespace AgentReadiness.BenchBudgets;

/// <summary>What a paced load cost.</summary>
internal sealed record Loaded
{
    /// <summary>Calls that began.</summary>
    public required int Calls { get; init; }

    /// <summary>Calls that got no money.</summary>
    public required int Refused { get; init; }

    /// <summary>How long it was measured, s.</summary>
    public required double Seconds { get; init; }

    /// <summary>What was counted meanwhile.</summary>
    public required Look Grown { get; init; }

    /// <summary>Messages to the operator.</summary>
    public required int Messages { get; init; }

    /// <summary>Messages without an answer.</summary>
    public required int Failures { get; init; }

    /// <summary>Calls that found money in their pod: how long that took, µs.</summary>
    public required IReadOnlyCollection<double> Served { get; init; }

    /// <summary>Calls that waited for a grant, ms.</summary>
    public required IReadOnlyCollection<double> Asked { get; init; }

    /// <summary>What pods held at the end beyond what was spent: all of it would be lost with them.</summary>
    public required Money Held { get; init; }
}

/// <summary>Calls at a fixed rate, each of a pod that chance picks; the same ones in every run.</summary>
internal sealed class Load(IReadOnlyList<SimulatedPod> pods, double rate)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// Pods that make their first call at once: each is a TLS handshake of two sides on the same cores, and a TokenReview.
    /// </summary>
    public const int AtOnce = 32;

    private static readonly TimeSpan Progress = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly Random chance = new(1);
    private List<double> served = [];
    private List<double> asked = [];
    private int calls;
    private int refused;

    /// <summary>Lets each pod make its first call, <see cref="AtOnce"/> at a time, and says how long each waited, ms.</summary>
    public static async Task<IReadOnlyCollection<double>> BeginAsync(
        IReadOnlyList<SimulatedPod> pods,
        Action<string> say,
        CancellationToken cancellationToken
    )
    {
        var times = new List<double>();
        var all = Parallel.ForEachAsync(
            pods,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (pod, token) =>
            {
                var began = Stopwatch.GetTimestamp();
                pod.Start();
                GrantResult result;
                // Refused, because the operator did not get to it: on a busy machine a pod tries again.
                while ((result = await pod.Client.AcquireAsync(Call.Bound, token)).Reservation is null)
                    token.ThrowIfCancellationRequested();
                pod.Client.Settle(result.Reservation, Call.Cost);
                lock (times)
                    times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        );
        while (await Task.WhenAny(all, Task.Delay(Progress, cancellationToken)) != all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            say($"{times.Count} of {pods.Count} pods have their first grant, {pods.Sum(pod => pod.Failures)} messages had no answer");
        }
        await all;
        return times;
    }

    /// <summary>Runs the load.</summary>
    public async Task<Loaded> RunAsync(Counters counters, TimeSpan warm, TimeSpan length, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.Run(() => PaceAsync(over.Token, cancellationToken), CancellationToken.None);
        await Task.Delay(warm, cancellationToken);
        var (messages, failures) = Sums();
        var before = await counters.LookAsync(cancellationToken);
        Take();
        await Task.Delay(length, cancellationToken);
        var taken = Take();
        var (seconds, grown) = (await counters.LookAsync(cancellationToken)).Since(before);
        var after = Sums();
        var held = Money.Sum(pods.Select(pod => pod.Account.Totals).Select(totals => (totals.Free + totals.Reserved).Positive().Cost));
        await over.CancelAsync();
        await running;
        return new Loaded
        {
            Calls = taken.Calls,
            Refused = taken.Refused,
            Seconds = seconds,
            Grown = grown,
            Messages = after.Messages - messages,
            Failures = after.Failures - failures,
            Served = taken.Served,
            Asked = taken.Asked,
            Held = held,
        };
    }

    private async Task PaceAsync(CancellationToken over, CancellationToken cancellationToken)
    {
        var open = new List<Task>();
        var began = Stopwatch.GetTimestamp();
        for (var count = 0; !over.IsCancellationRequested; await Task.Delay(Tick, CancellationToken.None))
        {
            for (; count < Stopwatch.GetElapsedTime(began).TotalSeconds * rate; count++)
                open.Add(CallAsync(pods[chance.Next(pods.Count)], cancellationToken));
            open.RemoveAll(call => call.IsCompleted);
        }
        await Task.WhenAll(open);
    }

    private async Task CallAsync(SimulatedPod pod, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var pending = pod.Client.AcquireAsync(Call.Bound, cancellationToken);
        // Money that the pod holds is there at once; whatever is not waits for an answer, its own or another call's.
        var isServed = pending.IsCompleted;
        var result = await pending;
        var took = Stopwatch.GetElapsedTime(began);
        lock (gate)
        {
            calls++;
            if (result.Reservation is null)
                refused++;
            else if (isServed)
                served.Add(took.TotalMicroseconds);
            else
                asked.Add(took.TotalMilliseconds);
        }
        if (result.Reservation is null)
            return;
        await Task.Delay(Call.Duration, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pod.Client.Settle(result.Reservation, Call.Cost);
    }

    private (int Messages, int Failures) Sums() => (pods.Sum(pod => pod.Messages), pods.Sum(pod => pod.Failures));

    private (List<double> Served, List<double> Asked, int Calls, int Refused) Take()
    {
        lock (gate)
        {
            var taken = (served, asked, calls, refused);
            (served, asked, calls, refused) = ([], [], 0, 0);
            return taken;
        }
    }
}
