using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What became of one write.</summary>
/// <param name="Note">What is to be told of it, or null.</param>
/// <param name="Stale">
/// What is not as the decision saw it; null where nothing was found. The writes after it are not done, and the next pass decides afresh.
/// </param>
public readonly record struct WriteResult(EventNote? Note, string? Stale = null)
{
    /// <summary>It is done, and there is nothing to tell.</summary>
    public static WriteResult Done => default;

    /// <summary>It was not done.</summary>
    public static WriteResult NotAsSeen(string message) => new(null, message);
}
