namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// Why a call goes to another upstream: failures that another provider may not have. A closed list; the names are stable, metrics and logs
/// have them.
/// </summary>
internal enum FallbackReason
{
    /// <summary>The circuit breaker of the upstream is open.</summary>
    CircuitOpen,

    /// <summary>It cannot be reached.</summary>
    Unreachable,

    /// <summary>The connection broke before an answer had begun.</summary>
    BrokenOff,

    /// <summary>Its answer had not begun in time.</summary>
    Timeout,

    /// <summary>It answered 5xx.</summary>
    ServerError,

    /// <summary>It answered 529: it has more to do than it can.</summary>
    Overloaded,

    /// <summary>It answered 429: the key, or the model, has had its share.</summary>
    RateLimited,
}
