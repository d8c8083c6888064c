using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Screening;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// One run: what it has spent and done. A call is counted at its upper bound while it is in flight, so that calls side by side cannot pass
/// a limit together. Safe for any thread.
/// </summary>
internal sealed class Run : IDisposable
{
    // The texts of a long conversation. Those beyond are screened, and told of, once more each time.
    private const int MostScreened = 1024;

    private readonly Lock gate = new();
    private readonly RepeatCounts repeats = new();
    private readonly Dictionary<UInt128, Verdict> screened = [];
    private readonly CancellationTokenSource? deadline;
    private Money settled;
    private Money reserved;
    private long tokens;
    private long reservedTokens;
    private int steps;
    private int toolCalls;
    private int fallbacks;
    private int toolFailures;
    private int toolFailuresInRow;
    private int modelFailuresInRow;
    private int open;
    private Action? whenBooked;

    /// <param name="id">Empty for the account of calls that belong to no run.</param>
    /// <param name="maxDuration">After which it is over; null: never.</param>
    /// <param name="time">The clock.</param>
    public Run(string id, TimeSpan? maxDuration, TimeProvider time)
    {
        Id = id;
        StartedAt = time.GetTimestamp();
        deadline = maxDuration is { } limit ? new CancellationTokenSource(limit, time) : null;
        Deadline = deadline?.Token ?? CancellationToken.None;
    }

    /// <summary>The ID.</summary>
    public string Id { get; }

    /// <summary>What the request that began it was tagged with.</summary>
    public Tags Tags { get; init; } = Tags.Empty;

    /// <summary>Tools with side effects that it called through here, and those of which it has results.</summary>
    public ToolCrossings Crossings { get; } = new();

    /// <summary>What it told its models first.</summary>
    public SystemPrompts SystemPrompts { get; } = new();

    /// <summary>When it began, a timestamp of the clock.</summary>
    public long StartedAt { get; }

    /// <summary>Cancelled when the run has taken too long.</summary>
    public CancellationToken Deadline { get; }

    /// <summary>Spent, and reserved for calls in flight.</summary>
    public Money Cost
    {
        get
        {
            lock (gate)
                return settled + reserved;
        }
    }

    /// <summary>Model calls and tool calls so far.</summary>
    public (int Steps, int ToolCalls, long Tokens) Counts
    {
        get
        {
            lock (gate)
                return (steps, toolCalls, tokens + reservedTokens);
        }
    }

    /// <summary>Calls of tools that failed: in all, and in a row up to now.</summary>
    public (int All, int InRow) ToolFailures
    {
        get
        {
            lock (gate)
                return (toolFailures, toolFailuresInRow);
        }
    }

    /// <summary>Calls that went to another upstream than the one that was called.</summary>
    public int Fallbacks => Volatile.Read(ref fallbacks);

    /// <summary>The faults that it is to meet; null: none, as everywhere but in evaluations that declare some.</summary>
    public RunChaos? Chaos { get; init; }

    /// <summary>How it ended, as its client was told.</summary>
    public RunOutcome Outcome { get; set; }

    /// <summary>The failures in a row up to now, of tools or of models: whichever are more.</summary>
    public int FailuresInRow
    {
        get
        {
            lock (gate)
                return Math.Max(toolFailuresInRow, modelFailuresInRow);
        }
    }

    /// <summary>It made a model call: of others, such as health checks, nobody asks what they cost.</summary>
    public bool CalledModel => Counts.Steps > 0;

    /// <summary>What is left for one more call.</summary>
    public (Money? Cost, long? Tokens) Left(RunPolicy policy)
    {
        lock (gate)
        {
            return (
                policy.MaxCost is { } cost ? Money.Max(Money.Zero, cost - settled - reserved) : null,
                policy.MaxTokens > 0 ? Math.Max(0, policy.MaxTokens - tokens - reservedTokens) : null
            );
        }
    }

    /// <summary>Takes a model call's share, or says which limit it does not fit.</summary>
    public string? TryStep(RunPolicy policy, RunShare share, UInt128 fingerprint)
    {
        lock (gate)
        {
            var limit =
                Deadline.IsCancellationRequested ? "maxDuration"
                : policy.MaxSteps > 0 && steps >= policy.MaxSteps ? "maxSteps"
                : policy.MaxCost is { } cost && settled + reserved + share.Cost > cost ? "maxCost"
                : policy.MaxTokens > 0 && tokens + reservedTokens + share.Tokens > policy.MaxTokens ? "maxTokens"
                : Repeats(policy, fingerprint) ? "maxRepeats"
                : null;
            if (limit is not null && !policy.Observe)
                return limit;
            steps++;
            open++;
            reserved += share.Cost;
            reservedTokens += share.Tokens;
            return limit;
        }
    }

    /// <summary>Gives a step back that <see cref="TryStep"/> took for a call that was not made.</summary>
    public void ReleaseStep(RunShare share, UInt128 fingerprint)
    {
        Action? then;
        lock (gate)
        {
            steps--;
            repeats.Forget(fingerprint);
            then = GiveBack(share);
        }
        then?.Invoke();
    }

    /// <summary>Takes another attempt of a call that has its step already, or says which limit it does not fit.</summary>
    public string? TryRetry(RunPolicy policy, RunShare share)
    {
        lock (gate)
        {
            var limit =
                Deadline.IsCancellationRequested ? "maxDuration"
                : policy.MaxCost is { } cost && settled + reserved + share.Cost > cost ? "maxCost"
                : null;
            if (limit is not null && !policy.Observe)
                return limit;
            open++;
            reserved += share.Cost;
            reservedTokens += share.Tokens;
            return limit;
        }
    }

    /// <summary>Counts a tool call, or says which limit it does not fit.</summary>
    public string? TryToolCall(RunPolicy policy, UInt128 fingerprint)
    {
        lock (gate)
        {
            var limit =
                Deadline.IsCancellationRequested ? "maxDuration"
                : policy.MaxToolCalls > 0 && toolCalls >= policy.MaxToolCalls ? "maxToolCalls"
                : Repeats(policy, fingerprint) ? "maxRepeats"
                : null;
            if (limit is null || policy.Observe)
                toolCalls++;
            return limit;
        }
    }

    /// <summary>Gives a tool call back that <see cref="TryToolCall"/> counted and that was not made.</summary>
    public void ReleaseToolCall(UInt128 fingerprint)
    {
        lock (gate)
        {
            toolCalls--;
            repeats.Forget(fingerprint);
        }
    }

    /// <summary>A call goes to another upstream than the one that was called.</summary>
    public void FellBack() => Interlocked.Increment(ref fallbacks);

    /// <summary>A call of a tool failed.</summary>
    /// <returns>How many did in a row.</returns>
    public int ToolFailed()
    {
        lock (gate)
        {
            toolFailures++;
            return ++toolFailuresInRow;
        }
    }

    /// <summary>A call of a tool did not fail, and ends a row of those that did.</summary>
    public void ToolSucceeded()
    {
        lock (gate)
            toolFailuresInRow = 0;
    }

    /// <summary>A model call ended: it brought an answer, or it did not.</summary>
    public void ModelCalled(bool answered)
    {
        lock (gate)
            modelFailuresInRow = answered ? 0 : modelFailuresInRow + 1;
    }

    /// <summary>Books what became of a share.</summary>
    public void Settle(RunShare share, Money spent, long usedTokens)
    {
        Action? then;
        lock (gate)
        {
            settled += spent;
            tokens += usedTokens;
            then = GiveBack(share);
        }
        then?.Invoke();
    }

    /// <summary>
    /// Does something as soon as no call of this run is in flight: its agent may answer before the end of its last call is booked.
    /// </summary>
    public void WhenBooked(Action then)
    {
        lock (gate)
        {
            if (open > 0)
            {
                whenBooked += then;
                return;
            }
        }
        then();
    }

    /// <summary>What was said of a text before; null: it was not screened in this run.</summary>
    public Verdict? Screened(UInt128 digest)
    {
        lock (gate)
            return screened.GetValueOrDefault(digest);
    }

    /// <summary>A text was screened.</summary>
    public void Screened(UInt128 digest, Verdict verdict)
    {
        lock (gate)
        {
            if (screened.Count < MostScreened)
                screened[digest] = verdict;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => deadline?.Dispose();

    private Action? GiveBack(RunShare share)
    {
        reserved -= share.Cost;
        reservedTokens -= share.Tokens;
        if (--open > 0)
            return null;
        (var then, whenBooked) = (whenBooked, null);
        return then;
    }

    private bool Repeats(RunPolicy policy, UInt128 fingerprint) =>
        policy.MaxRepeats > 0 && !repeats.TryCount(fingerprint, policy.MaxRepeats);
}
