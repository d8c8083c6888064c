namespace AgentReadiness.Api.Resources;

/// <summary>
/// What a check that refuses does where it cannot tell. Money has no such choice: what cannot be priced or granted is refused.
/// </summary>
public enum FailMode
{
    /// <summary>What nobody knows passes, and is counted by its name.</summary>
    Open,

    /// <summary>It is refused like what is known to be wrong.</summary>
    Closed,
}
