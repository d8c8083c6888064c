using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.ReadinessExceptions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Whether a revision has passed its evals, or may go without. Pure.</summary>
internal static class GateDecider
{
    /// <summary>What opens the gate; null while it is shut.</summary>
    public static PromotionBasis? Decide(
        AgentObservation seen,
        StatusDraft draft,
        Revision revision,
        Revision? serving,
        RolloutCommands commands
    )
    {
        if (seen.Agent.Spec.Evals.Count == 0)
        {
            draft.Status = draft.Status with { Evals = [], EvalSummary = "none" };
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.NoSuites, "spec.evals is empty: nothing is proven");
            return PromotionBasis.NoSuites;
        }
        var problem = EvalPlan.Problem(seen);
        var steps = problem is null ? EvalPlan.Steps(seen, revision, commands.Round(revision)) : [];
        if (problem is null)
        {
            Show(draft, steps, revision);
            if (steps.All(step => step.Passed))
            {
                draft.Set(
                    ConditionTypes.EvalsPassed,
                    "True",
                    Reasons.EvalsPassed,
                    $"revision {revision} passed its evals: {draft.Status.EvalSummary}"
                );
                if (!draft.Was(ConditionTypes.EvalsPassed, "True") || draft.Before.CandidateRevision != revision.Hash)
                    draft.Note(
                        false,
                        Reasons.EvalsPassed,
                        $"revision {revision}: {string.Join("; ", steps.Select(step => $"{step.Suite}: {step.Latest!.Status!.Message}"))}"
                    );
                return PromotionBasis.Evals;
            }
        }
        var blocked = steps.FirstOrDefault(step => step.Blocked);
        // A revision that served within the rollback window passed its evals then. A later verdict against it counts more.
        if (
            blocked is null
            && ServedHistory.WithinWindow(seen, revision) is { Basis: PromotionBasis.Evals or PromotionBasis.RollbackWindow }
        )
        {
            draft.Set(
                ConditionTypes.EvalsPassed,
                "True",
                Reasons.ServedBefore,
                $"revision {revision} served before, within the rollback window; its evals are not measured again"
            );
            return PromotionBasis.RollbackWindow;
        }
        if (Waiver(seen, draft, revision))
            return PromotionBasis.Exception;
        if (problem is { } trouble)
        {
            draft.Stall(Phases.Invalid, trouble.Reason, trouble.Message);
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", trouble.Reason, trouble.Message);
            return null;
        }
        if (blocked is not null)
            Fail(draft, revision, serving, blocked);
        else
            Evaluate(seen, draft, revision, steps, commands);
        return null;
    }

    /// <summary>The verdicts so far, in the status.</summary>
    public static void Show(StatusDraft draft, IReadOnlyList<EvalStep> steps, Revision revision) =>
        draft.Status = draft.Status with
        {
            Evals = [.. steps.Select(step => EvalPlan.Status(step, revision))],
            EvalSummary = EvalPlan.Summary(steps),
        };

    /// <summary>What serves while a revision is held, in words.</summary>
    public static string KeptServing(Revision? serving) => serving is null ? "nothing serves" : $"revision {serving} keeps serving";

    private static bool Waiver(AgentObservation seen, StatusDraft draft, Revision revision)
    {
        var used = draft.Before.Exception;
        if (
            ExceptionRule.Find(
                seen.Inputs.Exceptions,
                seen.Namespace,
                seen.Name,
                revision,
                ExceptionGate.Evals,
                seen.Environment.ExceptionNamespaces,
                seen.Now
            )
            is not { } exception
        )
        {
            if (used?.Revision == revision.Hash)
                draft.Note(
                    true,
                    Reasons.ExceptionEnded,
                    $"ReadinessException {used.Name} ended before revision {revision} was promoted: its gates are shut again"
                );
            return false;
        }
        var name = $"{exception.Metadata.NamespaceProperty}/{exception.Metadata.Name}";
        var use = new ExceptionUse
        {
            Name = name,
            Revision = revision.Hash,
            Gates = exception.Spec.Gates,
            Reason = exception.Spec.Reason,
            RequestedBy = exception.Spec.RequestedBy,
            ExpiresAt = Timestamps.WholeSeconds(exception.Spec.ExpiresAt.ToUniversalTime()),
        };
        draft.Status = draft.Status with { Exception = use };
        draft.RequeueAt(exception.Spec.ExpiresAt.ToUniversalTime());
        var message =
            $"ReadinessException {name} lets revision {revision} pass without evals until {use.ExpiresAt:yyyy-MM-dd'T'HH:mm:ss'Z'}: "
            + $"{use.Reason} (asked for by {use.RequestedBy})";
        draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.ExceptionUsed, message);
        if (used?.Name != name || used.Revision != revision.Hash)
            draft.Note(true, Reasons.ExceptionUsed, message);
        return true;
    }

    private static void Fail(StatusDraft draft, Revision revision, Revision? serving, EvalStep blocked)
    {
        var reason = blocked.Phase switch
        {
            EvalPhase.Failed => Reasons.EvalsFailed,
            EvalPhase.Inconclusive => Reasons.EvalsInconclusive,
            _ => Reasons.EvalsErrored,
        };
        var attempts = blocked.Phase == EvalPhase.Error ? $" (after {blocked.Attempts.Made} attempts)" : string.Empty;
        var message =
            $"revision {revision} is held by spec.evals[{blocked.Index}], suite {blocked.Suite}{attempts}: "
            + $"{blocked.Latest!.Status!.Message}; {KeptServing(serving)}";
        Progress.Forget(draft);
        draft.Set(ConditionTypes.EvalsPassed, "False", reason, message);
        draft.Stall(Phases.Failed, reason, message);
    }

    private static void Evaluate(
        AgentObservation seen,
        StatusDraft draft,
        Revision revision,
        IReadOnlyList<EvalStep> steps,
        RolloutCommands commands
    )
    {
        var wanted = seen.Agent.Spec.Rollout?.CandidateReplicas ?? Defaults.CandidateReplicas;
        var deployment = AgentDecider.Find(seen, revision, Track.Eval);
        var whole = deployment?.IsWhole(wanted) == true;
        // The progress deadline covers the start of the pods only, not the measurement.
        var measuring = steps.Any(step => step.Latest is not null && step.NextAttempt is null);
        var since = Progress.Begin(seen, draft, ProgressSteps.Evaluation, wanted, commands.IsFresh);
        if (whole || measuring)
            Progress.Stop(draft);
        else if (Progress.IsLate(seen, draft, since, $"the eval pods of revision {revision}", deployment, revision, Track.Eval))
        {
            draft.Set(
                ConditionTypes.EvalsPassed,
                "Unknown",
                Reasons.ProgressDeadlineExceeded,
                $"the eval pods of revision {revision} did not come up"
            );
            return;
        }

        draft.KeepsEvalPods = true;
        AgentDecider.AddRevision(seen, draft, revision, Track.Eval, wanted);
        draft.Writes.Add(new Write.Apply(ServiceView.Resource, ChildObjects.CandidateService(seen, revision)));
        string message;
        if (!whole)
        {
            message =
                $"waiting for {wanted} eval pods of revision {revision}{AgentDecider.Trouble(seen, deployment, revision, Track.Eval)}";
        }
        else
        {
            foreach (var step in steps)
            {
                if (step.NextAttempt is { } attempt)
                    draft.Writes.Add(new Write.CreateRun(EvalPlan.Run(seen, revision, step, attempt)));
            }
            message =
                $"revision {revision} is evaluated: {string.Join(", ", steps.Select(step => $"{step.Suite} {step.Phase}{step.Why}"))}";
        }
        draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.Evaluating, message);
        draft.Reconciling(Phases.Evaluating, Reasons.Evaluating, message);
    }
}
