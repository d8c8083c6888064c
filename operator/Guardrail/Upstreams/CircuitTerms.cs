using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>A <see cref="CircuitPolicy"/>, read.</summary>
internal sealed record CircuitTerms
{
    /// <summary>The shortest window: its slices must have a length.</summary>
    public static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(1);

    private const string Field = "reliability.circuitBreaker";

    /// <exception cref="FormatException">A value is out of range.</exception>
    public CircuitTerms(CircuitPolicy policy)
    {
        FailurePercent = Percent(policy.FailurePercent, "failurePercent");
        MinimumCalls = policy.MinimumCalls >= 1 ? policy.MinimumCalls : throw Wrong("minimumCalls", "must be at least 1");
        OpenFor = Duration(policy.OpenFor, "openFor");
        Window = Duration(policy.Window, "window");
        if (Window < ShortestWindow)
            throw Wrong("window", "must be at least 1s");
        SlowAfter = policy.SlowCallAfter is { } slow ? Duration(slow, "slowCallAfter") : null;
        SlowPercent = Percent(policy.SlowCallPercent ?? policy.FailurePercent, "slowCallPercent");
    }

    /// <summary>The share of failures at which it opens.</summary>
    public int FailurePercent { get; }

    /// <summary>The least calls in the window.</summary>
    public int MinimumCalls { get; }

    /// <summary>How long it stays open.</summary>
    public TimeSpan OpenFor { get; }

    /// <summary>How far back calls count.</summary>
    public TimeSpan Window { get; }

    /// <summary>From when on an answer is slow; null: none is.</summary>
    public TimeSpan? SlowAfter { get; }

    /// <summary>The share of slow calls at which it opens.</summary>
    public int SlowPercent { get; }

    private static int Percent(int value, string name) => value is >= 1 and <= 100 ? value : throw Wrong(name, "must be from 1 to 100");

    private static TimeSpan Duration(string text, string name) =>
        GoDuration.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw Wrong(name, $"\"{text}\" is not a duration longer than 0");

    private static FormatException Wrong(string name, string why) => new($"{Field}.{name}: {why}");
}
