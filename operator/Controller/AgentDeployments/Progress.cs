using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The clock of a rollout's step. It counts from a moment that is kept in the status, so that no restart starts it anew; another
/// number of pods, an autoscaler's for example, does, so that no scale event makes a step late. Pure.
/// </summary>
internal static class Progress
{
    /// <summary>When the step began; now, if it begins in this pass.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="draft">Takes the record.</param>
    /// <param name="step">See <see cref="ProgressSteps"/>.</param>
    /// <param name="pods">Pods that the step waits for; null: for none.</param>
    /// <param name="isFresh">Begin anew: a person asked for it.</param>
    public static DateTimeOffset Begin(AgentObservation seen, StatusDraft draft, string step, int? pods, bool isFresh)
    {
        var before = draft.Before;
        var same =
            !isFresh
            && before.CandidateRevision == draft.Status.CandidateRevision
            && before.ProgressStep == step
            && before.ProgressReplicas == pods
            && before.Canary?.Step == draft.Status.Canary?.Step;
        var since = same && before.ProgressSince is { } known ? known : Timestamps.WholeSeconds(seen.Now);
        draft.Status = draft.Status with { ProgressStep = step, ProgressSince = since, ProgressReplicas = pods };
        return new DateTimeOffset(since, TimeSpan.Zero);
    }

    /// <summary>Stops the clock; going on starts it anew.</summary>
    /// <param name="draft">Takes the record.</param>
    /// <param name="step">The step that waits; null: the one that the status has.</param>
    public static void Stop(StatusDraft draft, string? step = null) =>
        draft.Status = draft.Status with
        {
            ProgressStep = step ?? draft.Status.ProgressStep,
            ProgressSince = null,
            ProgressReplicas = null,
        };

    /// <summary>There is no step.</summary>
    public static void Forget(StatusDraft draft) =>
        draft.Status = draft.Status with { ProgressStep = null, ProgressSince = null, ProgressReplicas = null };

    /// <summary>spec.rollout.progressDeadline.</summary>
    public static string Deadline(AgentObservation seen) => seen.Agent.Spec.Rollout?.ProgressDeadline ?? Defaults.ProgressDeadline;

    /// <summary>True where the step is late: then the rollout is held. Else the next look is planned.</summary>
    /// <param name="seen">The observation.</param>
    /// <param name="draft">Takes the conditions.</param>
    /// <param name="since">When the step began.</param>
    /// <param name="what">Whose pods, in words.</param>
    /// <param name="deployment">Their Deployment.</param>
    /// <param name="revision">Their revision.</param>
    /// <param name="track">Their track.</param>
    public static bool IsLate(
        AgentObservation seen,
        StatusDraft draft,
        DateTimeOffset since,
        string what,
        DeploymentView? deployment,
        Revision revision,
        Track track
    )
    {
        var until = since + GoDuration.Parse(Deadline(seen));
        if (seen.Now < until)
        {
            draft.RequeueAt(until);
            return false;
        }
        var message = Once(
            draft,
            $"{what} were not available within {Deadline(seen)}{AgentDecider.Trouble(seen, deployment, revision, track)}"
        );
        draft.Stall(Phases.Failed, Reasons.ProgressDeadlineExceeded, message);
        return true;
    }

    // The pods that explained a missed deadline are gone at the next pass, so the first message is kept.
    private static string Once(StatusDraft draft, string message)
    {
        var old = draft.Before.Conditions.FirstOrDefault(condition =>
            condition.Type == ConditionTypes.Stalled && condition.Reason == Reasons.ProgressDeadlineExceeded
        );
        var same =
            draft.Before.CandidateRevision == draft.Status.CandidateRevision
            && draft.Before.ProgressStep == draft.Status.ProgressStep
            && draft.Before.ProgressSince == draft.Status.ProgressSince;
        return old is not null && same ? old.Message : message;
    }
}
