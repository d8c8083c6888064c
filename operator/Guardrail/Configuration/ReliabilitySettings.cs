using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ReliabilityPolicy"/>, read. What is not declared does nothing.</summary>
internal sealed class ReliabilitySettings
{
    private readonly NamePatterns? readOnly;

    /// <param name="policy">As the configuration has it; null: nothing is declared.</param>
    /// <exception cref="FormatException">A value is out of range.</exception>
    public ReliabilitySettings(ReliabilityPolicy? policy)
    {
        if (policy is null)
            return;
        Observe = policy.Observe;
        if (policy.RetryBudgetPercent is < 0 or > 100)
            throw new FormatException("reliability.retryBudgetPercent must be from 0 to 100");
        if (policy.MaxConcurrentCalls < 0)
            throw new FormatException("reliability.maxConcurrentCalls must not be below 0");
        RetryBudgetPercent = policy.RetryBudgetPercent;
        MaxConcurrentCalls = policy.MaxConcurrentCalls;
        Circuit = policy.CircuitBreaker is { } circuit ? new CircuitTerms(circuit) : null;
        Refusal = policy.Refusal is { } refusal ? new RefusalSettings(refusal) : null;
        // A list of patterns that is empty would take every name.
        readOnly = policy.ReadOnlyTools.Count > 0 ? new NamePatterns(policy.ReadOnlyTools) : null;
    }

    /// <summary>Nothing is refused: what would be is counted.</summary>
    public bool Observe { get; }

    /// <summary>The share of calls that may be repeated; null: no limit.</summary>
    public int? RetryBudgetPercent { get; }

    /// <summary>When the circuit breaker of an upstream opens; null: never.</summary>
    public CircuitTerms? Circuit { get; }

    /// <summary>The most calls of an upstream at once; 0: no limit.</summary>
    public int MaxConcurrentCalls { get; }

    /// <summary>How the agent refuses; null: that is not declared.</summary>
    public RefusalSettings? Refusal { get; }

    /// <summary>Whether a tool is declared to change nothing.</summary>
    public bool IsReadOnly(string tool) => readOnly?.Allow(tool) == true;
}
