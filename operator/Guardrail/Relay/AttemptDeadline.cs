using AgentReadiness.Guardrail.Configuration;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// How long an attempt may still take: to the first byte of the answer, then in all or, in a stream, to the next piece. The agent's leaving
/// and the end of the run cut it short.
/// </summary>
internal sealed class AttemptDeadline : IDisposable
{
    private readonly CallTimes times;
    private readonly TimeProvider time;
    private readonly DeadlineRules rules;
    private readonly CancellationToken client;
    private readonly CancellationToken run;
    private readonly CancellationTokenSource expiry;
    private readonly CancellationTokenRegistration leaving;
    private readonly CancellationTokenRegistration ending;
    private readonly long startedAt;
    private long? leftAt;
    private readonly TimeSpan waited;

    /// <param name="times">The declared times.</param>
    /// <param name="rules">What holds for this kind of call.</param>
    /// <param name="time">The clock.</param>
    /// <param name="client">Cancelled when the agent has gone.</param>
    /// <param name="run">Cancelled when the run has taken too long.</param>
    /// <param name="waited">How much of its time the attempt has waited already.</param>
    public AttemptDeadline(
        CallTimes times,
        DeadlineRules rules,
        TimeProvider time,
        CancellationToken client,
        CancellationToken run,
        TimeSpan waited = default
    )
    {
        (this.times, this.rules, this.client, this.run, this.time) = (times, rules, client, run, time);
        this.waited = waited;
        startedAt = time.GetTimestamp();
        expiry = new CancellationTokenSource(rules.IsEndless ? Timeout.InfiniteTimeSpan : NotBelowZero(FirstByte - waited), time);
        leaving = client.UnsafeRegister(static state => ((AttemptDeadline)state!).Left(), this);
        ending = run.UnsafeRegister(static state => ((AttemptDeadline)state!).Cancel(), this);
    }

    /// <summary>The longest that an answer which outlives the agent is read on after it has gone.</summary>
    public static readonly TimeSpan LongestAlone = TimeSpan.FromMinutes(10);

    /// <summary>Cancelled when the attempt is over.</summary>
    public CancellationToken Token => expiry.Token;

    /// <summary>How long the first byte may take.</summary>
    public TimeSpan FirstByte => times.FirstByte < times.Timeout ? times.FirstByte : times.Timeout;

    /// <summary>The answer has begun, or goes on: from now on the whole counts, and in a stream the next piece.</summary>
    /// <param name="streamed">The answer is a stream.</param>
    public void Progress(bool streamed)
    {
        if (rules.IsEndless || (client.IsCancellationRequested && !rules.OutlivesClient) || run.IsCancellationRequested)
            return;
        if (streamed && !rules.WholeBoundsStreams)
        {
            var alone = leftAt is { } since ? NotBelowZero(LongestAlone - time.GetElapsedTime(since)) : times.Event;
            expiry.CancelAfter(alone < times.Event ? alone : times.Event);
            return;
        }
        var left = NotBelowZero(times.Timeout - waited - time.GetElapsedTime(startedAt));
        expiry.CancelAfter(streamed && times.Event < left ? times.Event : left);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        leaving.Dispose();
        ending.Dispose();
        expiry.Dispose();
    }

    private static TimeSpan NotBelowZero(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private void Left()
    {
        if (rules.OutlivesClient)
        {
            leftAt = time.GetTimestamp();
            return;
        }
        if (rules.AfterClient is not { } drain)
        {
            Cancel();
            return;
        }
        try
        {
            if (times.Timeout - waited - time.GetElapsedTime(startedAt) > drain)
                expiry.CancelAfter(drain);
        }
        catch (ObjectDisposedException)
        {
            // The attempt has just ended.
        }
    }

    private void Cancel()
    {
        try
        {
            expiry.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The attempt has just ended.
        }
    }
}
