using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>The record of what served, in the status. Pure.</summary>
internal static class ServedHistory
{
    /// <summary>The entry of a revision, or null.</summary>
    public static ServedRevision? Find(AgentDeploymentStatus status, Revision? revision) =>
        status.History.FirstOrDefault(entry => entry.Revision == revision?.Hash);

    /// <summary>The entry of a revision that served within the rollback window, or null.</summary>
    public static ServedRevision? WithinWindow(AgentObservation seen, Revision revision)
    {
        var entry = Find(seen.Agent.Status ?? new AgentDeploymentStatus(), revision);
        var window = GoDuration.Parse(seen.Agent.Spec.Rollout?.RollbackWindow ?? Defaults.RollbackWindow);
        return entry is not null && seen.Now.UtcDateTime - (entry.Until ?? seen.Now.UtcDateTime) <= window ? entry : null;
    }

    /// <summary>Notes that a revision took over.</summary>
    public static IReadOnlyList<ServedRevision> TakeOver(IReadOnlyList<ServedRevision> history, ServedRevision now) =>
        [
            now,
            .. history
                .Where(entry => entry.Revision != now.Revision)
                .Select(entry => entry.Until is null ? entry with { Until = now.Since } : entry),
        ];
}
