namespace AgentReadiness.Contracts.Guardrail;

/// <summary>When a circuit breaker opens, and for how long. Durations are Go durations.</summary>
public sealed class CircuitPolicy
{
    /// <summary>It opens where this share of the calls in the window failed, percent.</summary>
    public int FailurePercent { get; set; } = 50;

    /// <summary>Fewer calls in the window than this prove nothing.</summary>
    public int MinimumCalls { get; set; } = 20;

    /// <summary>How long it stays open before one call tries the upstream again.</summary>
    public string OpenFor { get; set; } = "30s";

    /// <summary>How far back calls count.</summary>
    public string Window { get; set; } = "60s";

    /// <summary>An answer that takes as long as this to begin is a slow one; null: none is.</summary>
    public string? SlowCallAfter { get; set; }

    /// <summary>It opens where this share of the calls in the window was slow, percent; null: <see cref="FailurePercent"/>.</summary>
    public int? SlowCallPercent { get; set; }
}
