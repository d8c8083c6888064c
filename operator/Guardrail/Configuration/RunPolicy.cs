using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>The limits of one call and one run, read. Null or 0: no such limit.</summary>
internal sealed record RunPolicy
{
    private static readonly TimeSpan DefaultAccount = TimeSpan.FromMinutes(5);

    /// <param name="limits">As the configuration has them.</param>
    /// <param name="observe">Count what would be refused, and let it pass.</param>
    /// <exception cref="FormatException">A text is no amount or no duration.</exception>
    public RunPolicy(RunLimits? limits, bool observe)
    {
        Observe = observe;
        if (limits is null)
            return;
        CallMaxCost = limits.CallMaxCost is { } call ? Money.Parse(call) : null;
        MaxCost = limits.MaxCost is { } run ? Money.Parse(run) : null;
        (MaxTokens, MaxSteps, MaxToolCalls, MaxRepeats) = (limits.MaxTokens, limits.MaxSteps, limits.MaxToolCalls, limits.MaxRepeats);
        (RequestsPerMinute, TokensPerMinute) = (limits.RequestsPerMinute, limits.TokensPerMinute);
        if (limits.MaxDuration is { } text)
            MaxDuration = GoDuration.TryParse(text, out var duration)
                ? duration
                : throw new FormatException($"limits.maxDuration: \"{text}\" is not a duration");
    }

    /// <summary>The most that one model call may cost.</summary>
    public Money? CallMaxCost { get; }

    /// <summary>The most that one run may cost.</summary>
    public Money? MaxCost { get; }

    /// <summary>The most tokens of one run.</summary>
    public long MaxTokens { get; }

    /// <summary>The most model calls of one run.</summary>
    public int MaxSteps { get; }

    /// <summary>The most tool calls of one run.</summary>
    public int MaxToolCalls { get; }

    /// <summary>The most identical calls of one run.</summary>
    public int MaxRepeats { get; }

    /// <summary>The longest that one run may take.</summary>
    public TimeSpan? MaxDuration { get; }

    /// <summary>The most model calls in a minute.</summary>
    public int RequestsPerMinute { get; }

    /// <summary>The most tokens in a minute.</summary>
    public long TokensPerMinute { get; }

    /// <summary>Nothing is refused.</summary>
    public bool Observe { get; }

    /// <summary>How long the account of calls that belong to no run lasts.</summary>
    public TimeSpan UnattributedFor => MaxDuration ?? DefaultAccount;
}
