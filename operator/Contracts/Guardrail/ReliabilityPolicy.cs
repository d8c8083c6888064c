namespace AgentReadiness.Contracts.Guardrail;

/// <summary>What protects upstreams and the pod while something is down. What is absent is not declared, and then does nothing.</summary>
public sealed class ReliabilityPolicy
{
    /// <summary>True: what would be refused is counted and logged, and passes.</summary>
    public bool Observe { get; set; }

    /// <summary>The most repeated calls, as a share of the pod's recent calls of an upstream; null: no such limit.</summary>
    public int? RetryBudgetPercent { get; set; }

    /// <summary>When calls of an upstream are refused because it fails; null: never.</summary>
    public CircuitPolicy? CircuitBreaker { get; set; }

    /// <summary>The most calls of an upstream at once; 0: no such limit.</summary>
    public int MaxConcurrentCalls { get; set; }

    /// <summary>Tools that change nothing, so that a call of them may be repeated: exact, or with "*" for any run of characters.</summary>
    public IReadOnlyList<string> ReadOnlyTools { get; set; } = [];

    /// <summary>How the agent refuses; null: that is not declared.</summary>
    public RefusalPolicy? Refusal { get; set; }
}
