namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What is known of an upstream from the calls of this pod. It outlives reloads of the configuration.</summary>
internal sealed class UpstreamState
{
    /// <summary>Refuses calls while it fails.</summary>
    public CircuitBreaker Circuit { get; } = new();

    /// <summary>Bounds repeats.</summary>
    public RetryBudget Retries { get; } = new();

    /// <summary>Calls that failed lately.</summary>
    public RecentFailures Failures { get; } = new();

    /// <summary>Places for calls at the same time.</summary>
    public CallSlots Slots { get; } = new();

    /// <summary>What its server says of its tools.</summary>
    public ToolHints Tools { get; } = new();

    /// <summary>The tools that its server published.</summary>
    public PublishedTools Published { get; } = new();
}
