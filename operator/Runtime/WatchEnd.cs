namespace AgentReadiness.Runtime;

/// <summary>How a watch ended.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Detail">The server's words or the fault, where there are any.</param>
public sealed record WatchEnd(WatchEndCause Cause, string Detail)
{
    /// <summary>When the server wants to be asked again; null where it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
