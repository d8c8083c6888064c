using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>The way back to a revision that served before, because a person decided so. Pure.</summary>
internal static class RollbackDecider
{
    /// <summary>Brings the old revision's pods up, all at once: the way back is the short one.</summary>
    public static Traffic Decide(
        AgentObservation seen,
        StatusDraft draft,
        Revision declared,
        Revision target,
        int replicas,
        RolloutCommands commands
    )
    {
        draft.Status = draft.Status with { CandidateRevision = declared.Hash, Canary = null };
        draft.PodsWanted = target;
        if (AgentDecider.Find(seen, target, Track.Serving) is not { } deployment)
        {
            draft.Stall(
                Phases.Failed,
                Reasons.RollbackImpossible,
                $"revision {target}, to which spec.rollout.decision goes back, has no Deployment any more: declare it in the spec"
            );
            return Traffic.Held;
        }
        var since = Progress.Begin(seen, draft, ProgressSteps.Rollback, replicas, commands.IsFresh);
        if (deployment.IsWhole(replicas))
            return new Traffic(ServedHistory.Find(draft.Status, target)?.Basis ?? PromotionBasis.RollbackWindow, false, null);
        if (Progress.IsLate(seen, draft, since, $"the pods of revision {target}", deployment, target, Track.Serving))
        {
            draft.PodsWanted = null;
            return Traffic.Held;
        }
        if (deployment.Pods.Wanted != replicas)
            draft.Writes.Add(new Write.Scale(deployment.Meta.Key, replicas));
        draft.Reconciling(
            Phases.RollingBack,
            Reasons.RollingBack,
            $"{deployment.Pods.Available} of {replicas} pods of revision {target} are available, to which a person goes "
                + $"back{AgentDecider.Trouble(seen, deployment, target, Track.Serving)}"
        );
        return Traffic.Held;
    }

    /// <summary>What the status says while an older revision serves by decision.</summary>
    public static void Rest(AgentObservation seen, StatusDraft draft, Revision declared, Revision target, RolloutCommands commands)
    {
        var why = commands.Last?.Reason is { Length: > 0 } reason ? $" ({reason})" : string.Empty;
        draft.Status = draft.Status with { CandidateRevision = declared.Hash, Canary = null };
        Progress.Forget(draft);
        ServingDecider.SetEvals(seen, draft, target);
        draft.Stall(
            Phases.RolledBack,
            Reasons.RolledBack,
            $"revision {target} serves by decision{why}; the declared revision {declared} waits for another spec, or for a decision "
                + $"Promote or Retry that names it"
        );
    }
}
