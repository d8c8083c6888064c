namespace AgentReadiness.Runtime;

/// <summary>Work that only the leader does.</summary>
public interface ILeaderTask
{
    /// <summary>Runs until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Runs until stopped, for work that ends in order; where it is not implemented, a stop cancels the work.</summary>
    /// <param name="stopping">Begin nothing new, finish what is begun, and return: the Lease is kept until then.</param>
    /// <param name="lost">The Lease is lost: end at once. <paramref name="stopping"/> is cancelled then too.</param>
    Task RunAsync(CancellationToken stopping, CancellationToken lost) => RunAsync(stopping);
}
