using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// A passed revision takes traffic step by step. Old and new pods share the Service, which selects them by their track; so before
/// the first step no other pods of that track may be left, and giving up is one write: the selector names one revision again. Pure.
/// </summary>
internal static class CanaryDecider
{
    /// <summary>Goes on with the step that the status records.</summary>
    public static Traffic Decide(
        AgentObservation seen,
        StatusDraft draft,
        Revision revision,
        Revision serving,
        int replicas,
        RolloutCommands commands,
        PromotionBasis basis
    )
    {
        if (replicas == 0)
        {
            // Without pods there is no traffic to share. The steps begin when the budget gives the agent pods again.
            draft.Status = draft.Status with
            {
                Canary = null,
            };
            Progress.Stop(draft, ProgressSteps.Canary);
            draft.Reconciling(
                Phases.Exhausted,
                Reasons.BudgetExhausted,
                $"revision {revision} passed its gates; its Canary begins when the budget lets the agent have pods"
            );
            return Traffic.Held;
        }
        if (Leftovers(seen, revision, serving) is { } leftover)
        {
            draft.Status = draft.Status with { Canary = null };
            Progress.Stop(draft, ProgressSteps.Canary);
            draft.Reconciling(
                Phases.Promoting,
                Reasons.Promoting,
                $"the Canary of revision {revision} begins when the pods of revision {leftover} are gone"
            );
            return Traffic.Held;
        }
        var steps = seen.Agent.Spec.Rollout!.Steps;
        var last = steps.Count + 1;
        var state = draft.Status.Canary ?? new CanaryStatus { Step = 1, StablePods = replicas };
        if (state.Step > last || (commands.SkipsCanary(revision) && state.Step < last))
            state = state with { Step = last, HeldSince = null };
        var isFresh = commands.IsFresh;
        if (HoldIsOver(seen, steps, state))
        {
            // A step counts only if all of its pods are available when it ends. Otherwise it begins again.
            isFresh = true;
            state = IsWhole(seen, revision, Pods(replicas, steps, state.Step).Candidate)
                ? state with
                {
                    Step = state.Step + 1,
                    HeldSince = null,
                }
                : state with
                {
                    HeldSince = null,
                };
        }

        var (candidate, stable) = Pods(replicas, steps, state.Step);
        draft.Status = draft.Status with { Canary = state };
        var since = Progress.Begin(seen, draft, ProgressSteps.Canary, candidate, isFresh);
        var deployment = AgentDecider.Find(seen, revision, Track.Serving);
        if (IsWhole(seen, revision, candidate))
        {
            if (state.Step == last)
                return new Traffic(basis, false, null);
            if (!state.Shared)
                draft.Writes.Insert(
                    0,
                    new Write.Verify(new NamespacedName(seen.Namespace, ChildNames.Serving(seen.Name, revision)), candidate)
                );
            state = state with { Shared = true, HeldSince = state.HeldSince ?? Timestamps.WholeSeconds(seen.Now), StablePods = stable };
        }
        else if (
            state.HeldSince is null
            && Progress.IsLate(
                seen,
                draft,
                since,
                $"the {candidate} pods of revision {revision} in Canary step {state.Step}",
                deployment,
                revision,
                Track.Serving
            )
        )
        {
            return Traffic.Held;
        }
        if (state.HeldSince is { } held)
            draft.RequeueAt(new DateTimeOffset(held, TimeSpan.Zero) + GoDuration.Parse(steps[state.Step - 1].Hold));
        // Another number of replicas in the middle of a step changes the pods of both revisions.
        state = state with
        {
            CandidatePods = candidate,
            StablePods = state.HeldSince is null ? Math.Min(state.StablePods, replicas) : stable,
        };
        draft.Status = draft.Status with { Canary = state };
        draft.PodsWanted = revision;
        AgentDecider.AddRevision(seen, draft, revision, Track.Serving, candidate);
        Tell(draft, revision, serving, steps, state);
        return new Traffic(null, state.Shared, state.Shared ? state.StablePods : null);
    }

    private static void Tell(StatusDraft draft, Revision revision, Revision serving, List<CanaryStep> steps, CanaryStatus state)
    {
        var name = state.Step > steps.Count ? "all traffic" : $"step {state.Step} of {steps.Count}, {steps[state.Step - 1].Percent} %";
        var until = state.HeldSince is { } held
            ? $"holds until {held + GoDuration.Parse(steps[state.Step - 1].Hold):yyyy-MM-dd'T'HH:mm:ss'Z'}"
            : "waits for its pods";
        var message =
            $"Canary of revision {revision}, {name}: {state.CandidatePods} pods beside {state.StablePods} of revision {serving}; {until}";
        var before = draft.Before.CandidateRevision == revision.Hash ? draft.Before.Canary : null;
        if (state.HeldSince is not null && (before?.Step != state.Step || before.HeldSince is null))
            draft.Note(false, Reasons.CanaryStep, message);
        draft.Reconciling(Phases.Canary, Reasons.CanaryStep, message);
    }

    private static bool HoldIsOver(AgentObservation seen, List<CanaryStep> steps, CanaryStatus state) =>
        state.Step <= steps.Count
        && state.HeldSince is { } held
        && seen.Now.UtcDateTime >= held + GoDuration.Parse(steps[state.Step - 1].Hold);

    private static (int Candidate, int Stable) Pods(int replicas, List<CanaryStep> steps, int step) =>
        CanaryPlan.Pods(replicas, step > steps.Count ? 100 : steps[step - 1].Percent);

    private static bool IsWhole(AgentObservation seen, Revision revision, int pods) =>
        AgentDecider.Find(seen, revision, Track.Serving)?.IsWhole(pods) == true;

    private static Revision? Leftovers(AgentObservation seen, Revision revision, Revision serving) =>
        seen
            .Owned.FirstOrDefault(deployment =>
                deployment.Track == Track.Serving
                && deployment.Revision != revision
                && deployment.Revision != serving
                && (deployment.Pods.Wanted > 0 || deployment.Pods.Total > 0)
            )
            ?.Revision;
}
