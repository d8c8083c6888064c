namespace AgentReadiness.Runtime;

/// <summary>What a cache knows of this process's last write to an object.</summary>
public enum OwnWriteState
{
    /// <summary>The cache shows it, or there was none: decide.</summary>
    Seen,

    /// <summary>The cache is older than it: wait, its watch event is on its way.</summary>
    Awaited,

    /// <summary>It was waited for long enough and is forgotten now: decide on what there is.</summary>
    GivenUp,
}
