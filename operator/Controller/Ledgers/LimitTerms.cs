using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>A cap as it is declared now, for the window that is open now.</summary>
/// <param name="Budget">What messages call it, for example "day".</param>
/// <param name="Window">The window, for example "2026-11-24" or "total".</param>
/// <param name="Begins">When it began.</param>
/// <param name="Ends">When it ends.</param>
public sealed record LimitTerms(string Budget, string Window, DateTimeOffset Begins, DateTimeOffset Ends)
{
    /// <summary>The cap in force, USD, raises included; null where cost is not limited.</summary>
    public Money? MaxCost { get; init; }

    /// <summary>The cap on tokens in force; null where they are not limited.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>It refuses nothing.</summary>
    public bool Observe { get; init; }

    /// <summary>Only a person ends an exhaustion.</summary>
    public bool Manual { get; init; }

    /// <summary>With <see cref="Manual"/>: exhaustions before this are over.</summary>
    public DateTime? ResumedAt { get; init; }

    /// <summary>What somebody wrote off, by window.</summary>
    public IReadOnlyDictionary<string, Amount> WrittenOff { get; init; } = new Dictionary<string, Amount>();
}
