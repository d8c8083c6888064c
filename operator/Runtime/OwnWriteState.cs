namespace AgentReadiness.Runtime;

/// <summary>What a cache knows of this process's last write to an object.</summary>
public enum OwnWriteState
{
    /// <summary>The cache shows the write, or there was none. A decision may be made.</summary>
    Seen,

    /// <summary>The cache is older than the write. Its watch event will come and wake the key.</summary>
    Awaited,

    /// <summary>The cache did not show the write in time. It is forgotten, and a decision may be made on what the cache shows.</summary>
    GivenUp,
}
