namespace AgentReadiness.Runtime;

/// <summary>Why a watch ended.</summary>
public enum WatchEndCause
{
    /// <summary>The server closed it, as it does after the timeout: go on from the last version.</summary>
    Closed,

    /// <summary>The version is too old: list again.</summary>
    Expired,

    /// <summary>An event could not be read, so the cache may be wrong: list again.</summary>
    Undecodable,

    /// <summary>Nothing came for longer than the server may be silent: the connection is dead.</summary>
    Silent,

    /// <summary>The connection broke or the server failed: go on from the last version, after a pause.</summary>
    Failed,

    /// <summary>The server has too many requests: go on from the last version, after the delay that it named.</summary>
    Throttled,
}
