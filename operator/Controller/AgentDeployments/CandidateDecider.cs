using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Views;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>The way of a declared revision that does not serve yet: evaluation, then promotion. Pure.</summary>
internal static class CandidateDecider
{
    private const string Evaluation = "Evaluation";
    private const string Promotion = "Promotion";

    /// <summary>True where the Service may be switched to the revision now: it passed, and all its serving pods are available.</summary>
    public static bool Decide(AgentObservation seen, StatusDraft draft, string revision, string? serving, int replicas)
    {
        draft.Status = draft.Status with { CandidateRevision = revision };
        if (seen.Agent.Spec.Evals.Count == 0)
        {
            draft.Status = draft.Status with { Evals = [], EvalSummary = "none" };
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.NoSuites, "spec.evals is empty: nothing is proven");
            return Promote(seen, draft, revision, serving, replicas);
        }
        if (EvalPlan.Problem(seen) is { } problem)
        {
            draft.Stall("Invalid", problem.Reason, problem.Message);
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", problem.Reason, problem.Message);
            return false;
        }

        var steps = EvalPlan.Steps(seen, revision);
        draft.Status = draft.Status with { Evals = [.. steps.Select(step => EvalPlan.Status(step, revision))], EvalSummary = EvalPlan.Summary(steps) };
        if (steps.FirstOrDefault(step => step.Blocked) is { } blocked)
        {
            Fail(draft, revision, serving, blocked);
            return false;
        }
        if (steps.All(step => step.Passed))
        {
            draft.Set(ConditionTypes.EvalsPassed, "True", Reasons.EvalsPassed, $"revision {revision} passed its evals: {draft.Status.EvalSummary}");
            if (!draft.Was(ConditionTypes.EvalsPassed, "True") || draft.Before.CandidateRevision != revision)
                draft.Note(false, Reasons.EvalsPassed, $"revision {revision}: {string.Join("; ", steps.Select(step => $"{step.Suite}: {step.Latest!.Status!.Message}"))}");
            return Promote(seen, draft, revision, serving, replicas);
        }
        Evaluate(seen, draft, revision, steps);
        return false;
    }

    private static void Fail(StatusDraft draft, string revision, string? serving, EvalStep blocked)
    {
        var reason = blocked.Phase switch
        {
            EvalPhase.Failed => Reasons.EvalsFailed,
            EvalPhase.Inconclusive => Reasons.EvalsInconclusive,
            _ => Reasons.EvalsErrored,
        };
        var attempts = blocked.Phase == EvalPhase.Error ? $" (attempt {blocked.Latest!.Spec.Attempt} of {EvalStep.MaxAttempts})" : string.Empty;
        var kept = serving is null ? "nothing serves" : $"revision {serving} keeps serving";
        var message = $"revision {revision} is held by spec.evals[{blocked.Index}], suite {blocked.Suite}{attempts}: {blocked.Latest!.Status!.Message}; {kept}";
        draft.Set(ConditionTypes.EvalsPassed, "False", reason, message);
        draft.Stall("Failed", reason, message);
    }

    private static void Evaluate(AgentObservation seen, StatusDraft draft, string revision, IReadOnlyList<EvalStep> steps)
    {
        var wanted = seen.Agent.Spec.Rollout?.CandidateReplicas ?? Defaults.CandidateReplicas;
        var deployment = AgentDecider.Find(seen, revision, Names.EvalTrack);
        var whole = deployment?.IsWhole(wanted) == true;
        var begun = steps.Any(step => step.Latest is not null);
        var until = Begin(seen, draft, Evaluation, revision);
        if (!whole && !begun && seen.Now >= until)
        {
            var late = $"the eval pods of revision {revision} were not available within {Deadline(seen)}{AgentDecider.Trouble(seen, deployment, revision, Names.EvalTrack)}";
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.ProgressDeadlineExceeded, late);
            draft.Stall("Failed", Reasons.ProgressDeadlineExceeded, Once(draft, late));
            return;
        }

        AgentDecider.AddRevision(seen, draft, revision, Names.EvalTrack, wanted);
        draft.Writes.Add(new Write.Apply(ServiceView.Resource, ChildObjects.CandidateService(seen, revision)));
        string message;
        if (!whole)
        {
            draft.LookAgainAt(until);
            message = $"waiting for {wanted} eval pods of revision {revision}{AgentDecider.Trouble(seen, deployment, revision, Names.EvalTrack)}";
        }
        else
        {
            foreach (var step in steps)
            {
                if (step.NextAttempt is { } attempt)
                    draft.Writes.Add(new Write.CreateRun(EvalPlan.Run(seen, revision, step, attempt)));
            }
            message = $"revision {revision} is evaluated: {string.Join(", ", steps.Select(step => $"{step.Suite} {step.Phase}"))}";
        }
        draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.Evaluating, message);
        draft.Reconciling("Evaluating", Reasons.Evaluating, message);
    }

    private static bool Promote(AgentObservation seen, StatusDraft draft, string revision, string? serving, int replicas)
    {
        var deployment = AgentDecider.Find(seen, revision, Names.ServingTrack);
        var until = Begin(seen, draft, Promotion, revision);
        if (deployment?.IsWhole(replicas) == true)
        {
            draft.Note(false, Reasons.Promoted, $"revision {revision} serves now{(serving is null ? string.Empty : $", instead of {serving}")}");
            return true;
        }
        if (seen.Now >= until)
        {
            var late = $"the serving pods of revision {revision} were not available within {Deadline(seen)}{AgentDecider.Trouble(seen, deployment, revision, Names.ServingTrack)}";
            draft.Stall("Failed", Reasons.ProgressDeadlineExceeded, Once(draft, late));
            if (deployment is { Replicas: > 0 })
                draft.Writes.Add(new Write.Scale(deployment.Meta.Key, 0));
            return false;
        }
        draft.LookAgainAt(until);
        AgentDecider.AddRevision(seen, draft, revision, Names.ServingTrack, replicas);
        draft.Reconciling("Promoting", Reasons.Promoting,
            $"{deployment?.Available ?? 0} of {replicas} serving pods of revision {revision} are available{AgentDecider.Trouble(seen, deployment, revision, Names.ServingTrack)}");
        return false;
    }

    // The pods that explained a deadline are gone at the next look; what was said first stays.
    private static string Once(StatusDraft draft, string message)
    {
        var old = draft.Before.Conditions.FirstOrDefault(condition => condition.Type == ConditionTypes.Stalled && condition.Reason == Reasons.ProgressDeadlineExceeded);
        return old is not null && draft.Before.CandidateRevision == draft.Status.CandidateRevision && draft.Before.ProgressStep == draft.Status.ProgressStep ? old.Message : message;
    }

    // The deadline counts from a moment that is kept in the status, per revision and step, so that no restart starts it anew.
    private static DateTimeOffset Begin(AgentObservation seen, StatusDraft draft, string step, string revision)
    {
        var before = draft.Before;
        var since = before.CandidateRevision == revision && before.ProgressStep == step && before.ProgressSince is { } known
            ? known
            : StatusDraft.Seconds(seen.Now);
        draft.Status = draft.Status with { ProgressStep = step, ProgressSince = since };
        return new DateTimeOffset(since, TimeSpan.Zero) + GoDuration.Parse(Deadline(seen));
    }

    private static string Deadline(AgentObservation seen) => seen.Agent.Spec.Rollout?.ProgressDeadline ?? Defaults.ProgressDeadline;
}
