namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Why a circuit breaker changed its state: stable words, which stand in the log.</summary>
internal enum CircuitReason
{
    /// <summary>Too many calls of the window failed: open.</summary>
    FailuresOverShare,

    /// <summary>Too many calls of the window were slow: open.</summary>
    SlowCallsOverShare,

    /// <summary>The time for which it is open has passed: half-open.</summary>
    OpenTimeOver,

    /// <summary>The call that tried the upstream was answered: closed.</summary>
    ProbeAnswered,

    /// <summary>The call that tried the upstream failed: open again.</summary>
    ProbeFailed,

    /// <summary>The call that tried the upstream was slow: open again.</summary>
    ProbeSlow,
}
