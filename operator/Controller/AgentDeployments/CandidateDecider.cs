using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The way of a declared revision that does not serve yet: its gates, a person's approval where one is needed, promotion. Pure.
/// </summary>
internal static class CandidateDecider
{
    /// <summary>What the rollout's step means for the traffic.</summary>
    public static Traffic Decide(
        AgentObservation seen,
        StatusDraft draft,
        Revision revision,
        Revision? serving,
        int replicas,
        RolloutCommands commands
    )
    {
        var before = draft.Before;
        draft.Status = draft.Status with
        {
            CandidateRevision = revision.Hash,
            Canary = before.CandidateRevision == revision.Hash && !commands.IsFresh ? before.Canary : Kept(draft, revision, commands),
        };
        if (commands.Aborts(revision))
        {
            var why = commands.Last!.Reason is { Length: > 0 } reason ? $" ({reason})" : string.Empty;
            draft.Status = draft.Status with { Canary = null };
            Progress.Forget(draft);
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.Aborted, $"revision {revision} was given up");
            draft.Stall(
                Phases.Failed,
                Reasons.Aborted,
                $"revision {revision} was given up by decision{why}; {GateDecider.KeptServing(serving)}; declare another revision, or "
                    + $"decide Retry"
            );
            return Traffic.Held;
        }
        if (seen.Agent.Spec.Rollout?.Paused == true)
            return Pause(seen, draft, revision, commands);
        if (GateDecider.Decide(seen, draft, revision, serving, commands) is not { } basis)
        {
            draft.Status = draft.Status with { Canary = null };
            return Traffic.Held;
        }
        if (!IsApproved(seen, draft, revision, commands))
            return Traffic.Held;
        return
            seen.Agent.Spec.Rollout?.Strategy == RolloutStrategy.Canary
            && serving is { } stable
            && (seen.Agent.Spec.Replicas ?? Defaults.Replicas) > 0
            ? CanaryDecider.Decide(seen, draft, revision, stable, replicas, commands, basis)
            : Promote(seen, draft, revision, replicas, commands, basis);
    }

    // The command Promote speeds a Canary up, and the Canary goes on. After any other command it begins anew.
    private static CanaryStatus? Kept(StatusDraft draft, Revision revision, RolloutCommands commands) =>
        draft.Before.CandidateRevision == revision.Hash && commands.Approves(revision) ? draft.Before.Canary : null;

    // While paused, pods keep running, no new step begins, and no deadline counts.
    private static Traffic Pause(AgentObservation seen, StatusDraft draft, Revision revision, RolloutCommands commands)
    {
        draft.KeepsEvalPods = true;
        draft.PodsWanted = revision;
        if (draft.Before.Exception is { } used && used.Revision == revision.Hash)
            draft.Status = draft.Status with { Exception = used };
        var message = $"spec.rollout.paused: revision {revision} stays where it is";
        if (
            draft.Before.CandidateRevision == revision.Hash
            && draft.Before.Conditions.FirstOrDefault(condition => condition.Type == ConditionTypes.EvalsPassed)
                is { Status: "True" } passed
        )
            draft.Set(passed.Type, passed.Status, passed.Reason, passed.Message);
        else
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.Paused, message);
        if (seen.Agent.Spec.Evals.Count > 0 && EvalPlan.Problem(seen) is null)
            GateDecider.Show(draft, EvalPlan.Steps(seen, revision, commands.Round(revision)), revision);
        draft.Reconciling(Phases.Paused, Reasons.Paused, message);
        Progress.Stop(draft);
        if (draft.Status.Canary is not { } canary)
            return Traffic.Held;
        draft.Status = draft.Status with { Canary = canary with { HeldSince = null } };
        return canary.Shared ? new Traffic(null, true, canary.StablePods) : Traffic.Held;
    }

    private static bool IsApproved(AgentObservation seen, StatusDraft draft, Revision revision, RolloutCommands commands)
    {
        var rollout = seen.Agent.Spec.Rollout;
        // A rollout that is past its approval stays approved, also where the approval came by the declared timeout.
        var past =
            draft.Before.CandidateRevision == revision.Hash && draft.Before.ProgressStep is ProgressSteps.Promotion or ProgressSteps.Canary;
        if (rollout?.Approval != ApprovalMode.Manual || commands.Approves(revision) || past)
            return true;
        var until =
            Progress.Begin(seen, draft, ProgressSteps.Approval, null, commands.IsFresh)
            + GoDuration.Parse(rollout.ApprovalTimeout ?? Defaults.ApprovalTimeout);
        if (seen.Now < until)
        {
            draft.RequeueAt(until);
            draft.Reconciling(
                Phases.AwaitingApproval,
                Reasons.AwaitingApproval,
                $"revision {revision} passed its gates and waits for a person until {until:yyyy-MM-dd'T'HH:mm:ss'Z'}: set "
                    + $"spec.rollout.decision to {{revision: {revision}, action: Promote}}"
            );
            return false;
        }
        var late = $"nobody approved revision {revision} within {rollout.ApprovalTimeout ?? Defaults.ApprovalTimeout}";
        if (rollout.OnApprovalTimeout == ApprovalOutcome.Promote)
        {
            draft.Note(true, Reasons.ApprovalTimedOut, $"{late}: it is promoted, as spec.rollout.onApprovalTimeout says");
            return true;
        }
        draft.Stall(Phases.Failed, Reasons.ApprovalTimedOut, $"{late}: it is held until somebody decides Promote or Retry");
        return false;
    }

    private static Traffic Promote(
        AgentObservation seen,
        StatusDraft draft,
        Revision revision,
        int replicas,
        RolloutCommands commands,
        PromotionBasis basis
    )
    {
        var deployment = AgentDecider.Find(seen, revision, Track.Serving);
        draft.Status = draft.Status with { Canary = null };
        var since = Progress.Begin(seen, draft, ProgressSteps.Promotion, replicas, commands.IsFresh);
        if (deployment?.IsWhole(replicas) == true)
            return new Traffic(basis, false, null);
        if (Progress.IsLate(seen, draft, since, $"the serving pods of revision {revision}", deployment, revision, Track.Serving))
            return Traffic.Held;
        draft.PodsWanted = revision;
        AgentDecider.AddRevision(seen, draft, revision, Track.Serving, replicas);
        draft.Reconciling(
            Phases.Promoting,
            Reasons.Promoting,
            $"{deployment?.Pods.Available ?? 0} of {replicas} serving pods of revision {revision} are "
                + $"available{AgentDecider.Trouble(seen, deployment, revision, Track.Serving)}"
        );
        return Traffic.Held;
    }
}
