namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>How many pods of two revisions make a share of the traffic, where every pod gets the same. Pure.</summary>
internal static class CanaryPlan
{
    /// <summary>
    /// Pods for a step. Up to a half the serving revision stays whole and the candidate is added beside it, so that giving up costs
    /// no capacity; beyond, the candidate is whole and the serving revision shrinks. The candidate's share is never above the
    /// percentage, but for its first pod.
    /// </summary>
    /// <param name="replicas">Pods that the agent is to have, at least 1.</param>
    /// <param name="percent">The candidate's share, 1 to 100.</param>
    /// <returns>Pods of the candidate and of the serving revision; with 100 percent there is none of the latter.</returns>
    public static (int Candidate, int Stable) Pods(int replicas, int percent) =>
        percent switch
        {
            >= 100 => (replicas, 0),
            < 50 => (Math.Max(1, replicas * percent / (100 - percent)), replicas),
            _ => (replicas, Math.Max(1, (replicas * (100 - percent) + percent - 1) / percent)),
        };
}
