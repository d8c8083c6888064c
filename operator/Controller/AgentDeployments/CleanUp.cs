using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What goes: eval pods, drained revisions, and everything beyond the history. Pure.</summary>
internal static class CleanUp
{
    /// <summary>EvalRuns of revisions that are neither declared nor served nor kept, which stay for people to read.</summary>
    private const int OldRuns = 10;

    /// <summary>Decides.</summary>
    public static void Decide(AgentObservation seen, StatusDraft draft, Revision revision, Revision? serving)
    {
        var draining = Drain(seen, draft, serving);
        var mine = seen.Owned.Where(deployment => deployment.Track == Track.Serving && !deployment.Meta.Deleting).ToList();
        foreach (
            var idle in mine.Where(deployment =>
                deployment.Pods.Wanted > 0
                && deployment.Revision != serving
                && deployment.Revision != draining
                && deployment.Revision != draft.PodsWanted
            )
        )
            draft.Writes.Add(new Write.Scale(idle.Meta.Key, 0));

        var old = History(
            draft,
            mine.Where(deployment =>
                deployment.Revision != revision
                && deployment.Revision != serving
                && deployment.Revision != draining
                && deployment.Revision != draft.PodsWanted
            )
        );
        var limit = seen.Agent.Spec.Rollout?.HistoryLimit ?? Defaults.HistoryLimit;
        foreach (var deployment in old.Skip(limit))
            draft.Writes.Add(new Write.Delete(DeploymentView.Resource, deployment.Meta.Key, deployment.Meta.Uid));

        HashSet<Revision?> kept =
        [
            revision,
            serving,
            draining,
            draft.PodsWanted,
            .. old.Take(limit).Select(deployment => deployment.Revision),
        ];
        EvalTrack(seen, draft, revision);
        foreach (
            var copy in seen.Children.Copies.Where(copy =>
                copy.Meta.ControllerUid == seen.Uid
                && !copy.Meta.Deleting
                && (
                    !kept.Contains(copy.Meta.Revision)
                    || (copy.Meta.Track == Track.Eval && !(draft.KeepsEvalPods && copy.Meta.Revision == revision))
                )
            )
        )
        {
            draft.Writes.Add(new Write.Delete(ConfigMapView.Resource, copy.Meta.Key, copy.Meta.Uid));
        }
        foreach (
            var run in seen
                .Children.Runs.Where(run => run.Spec.Purpose != EvalPurpose.Drift && run.IsOver)
                .Where(run => !kept.Contains(Revision.Parse(run.Spec.Revision)) || run.Spec.AgentUid != seen.Uid)
                .OrderByDescending(run => run.Metadata.CreationTimestamp)
                .ThenBy(run => run.Metadata.Name, StringComparer.Ordinal)
                .Skip(OldRuns)
        )
        {
            draft.Writes.Add(
                new Write.Delete(
                    ResourceType.Of<EvalRun>(),
                    new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name),
                    run.Metadata.Uid
                )
            );
        }
        if (draft.Status.Injections.Any(one => !kept.Contains(Revision.Parse(one.Revision))))
            draft.Status = draft.Status with
            {
                Injections = [.. draft.Status.Injections.Where(one => kept.Contains(Revision.Parse(one.Revision)))],
            };
        // Without its Deployment a revision cannot be rolled back to, so it leaves the history.
        if (draft.Status.History.Any(entry => entry.Revision != serving?.Hash && !kept.Contains(Revision.Parse(entry.Revision))))
            draft.Status = draft.Status with
            {
                History =
                [
                    .. draft.Status.History.Where(entry =>
                        entry.Revision == serving?.Hash || kept.Contains(Revision.Parse(entry.Revision))
                    ),
                ],
            };
        if (draft.Status.History.Count > 21)
            draft.Status = draft.Status with { History = [.. draft.Status.History.Take(21)] };
    }

    // The order of deletion: revisions that never served first, the one that served last at the end.
    private static List<DeploymentView> History(StatusDraft draft, IEnumerable<DeploymentView> old) =>
        [
            .. old.OrderByDescending(deployment => ServedHistory.Find(draft.Status, deployment.Revision)?.Until ?? DateTime.MinValue)
                .ThenByDescending(deployment => deployment.Meta.Created)
                .ThenBy(deployment => deployment.Meta.Key.Name, StringComparer.Ordinal),
        ];

    private static void EvalTrack(AgentObservation seen, StatusDraft draft, Revision revision)
    {
        foreach (
            var deployment in seen.Owned.Where(deployment =>
                deployment.Track == Track.Eval && !deployment.Meta.Deleting && !(draft.KeepsEvalPods && deployment.Revision == revision)
            )
        )
            draft.Writes.Add(new Write.Delete(DeploymentView.Resource, deployment.Meta.Key, deployment.Meta.Uid));
        if (
            !draft.KeepsEvalPods
            && seen.Children.Services.GetValueOrDefault(ChildNames.CandidateService(seen.Name)) is { } candidate
            && candidate.Meta.ControllerUid == seen.Uid
        )
            draft.Writes.Add(new Write.Delete(ServiceView.Resource, candidate.Meta.Key, candidate.Meta.Uid));
    }

    private static Revision? Drain(AgentObservation seen, StatusDraft draft, Revision? serving)
    {
        if (Revision.Parse(draft.Status.DrainingRevision) is not { } draining)
            return null;
        if (
            draining == serving
            || AgentDecider.Find(seen, draining, Track.Serving) is null
            || draft.Status.DrainUntil is not { } until
            || seen.Now >= until
        )
        {
            draft.Status = draft.Status with { DrainingRevision = null, DrainUntil = null };
            return null;
        }
        draft.RequeueAt(until);
        return draining;
    }
}
