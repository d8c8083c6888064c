using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What serves: its pods, its Service, and what the status says of it. Pure.</summary>
internal static class ServingDecider
{
    /// <summary>The declared revision serves.</summary>
    public static void Steady(AgentObservation seen, StatusDraft draft, Revision revision, int replicas)
    {
        draft.Status = draft.Status with { CandidateRevision = null, Canary = null };
        Progress.Forget(draft);
        AgentDecider.AddRevision(seen, draft, revision, Track.Serving, replicas);
        AddService(seen, draft, revision, Traffic.Held);
        AddDisruption(seen, draft);
        SetEvals(seen, draft, revision);
        var deployment = AgentDecider.Find(seen, revision, Track.Serving);
        Describe(seen, draft, revision, Traffic.Held);

        var exhausted = draft.Status.Budget.Any(window => window.Exhausted == true);
        if (exhausted)
        {
            draft.Status = draft.Status with { Phase = Phases.Exhausted };
            draft.NotReady(Reasons.BudgetExhausted, $"revision {revision} is declared and passed; the budget window is spent");
        }
        else if (
            deployment?.IsWhole(replicas) == true
            && replicas > 0
            && !seen.Children.EndpointPods.Any(pod =>
                pod.StartsWith(ChildNames.Serving(seen.Name, revision) + "-", StringComparison.Ordinal)
            )
        )
        {
            // Ready means that the Service answers, which it does only once its endpoints are made.
            draft.Reconciling(
                Phases.Serving,
                Reasons.EndpointsPending,
                $"Service {seen.Namespace}/{ChildNames.Service(seen.Name)} has no endpoint of revision {revision} yet"
            );
        }
        else if (deployment?.IsWhole(replicas) == true)
        {
            draft.Status = draft.Status with { Phase = Phases.Serving };
            draft.Set(ConditionTypes.Ready, "True", Reasons.RevisionServing, $"revision {revision} serves with {replicas} pods");
        }
        else
        {
            draft.Reconciling(
                Phases.Serving,
                Reasons.PodsUnavailable,
                $"{deployment?.Pods.Available ?? 0} of {replicas} pods of revision {revision} are "
                    + $"available{AgentDecider.Trouble(seen, deployment, revision, Track.Serving)}"
            );
        }
    }

    /// <summary>Another revision than the declared one serves, whole but for what a Canary takes from it.</summary>
    public static void KeepLastGood(AgentObservation seen, StatusDraft draft, Revision? serving, int replicas, Traffic traffic)
    {
        Describe(seen, draft, serving, traffic);
        if (serving is not { } named || AgentDecider.Find(seen, named, Track.Serving) is not { } deployment)
            return;
        var wanted = traffic.StablePods ?? replicas;
        if (deployment.Pods.Wanted != wanted)
            draft.Writes.Add(new Write.Scale(deployment.Meta.Key, wanted));
        AddService(seen, draft, named, traffic);
        AddDisruption(seen, draft);
    }

    /// <summary>The condition Serving, and what the scale subresource reads.</summary>
    public static void Describe(AgentObservation seen, StatusDraft draft, Revision? serving, Traffic traffic)
    {
        var deployment = serving is { } named ? AgentDecider.Find(seen, named, Track.Serving) : null;
        var candidate = traffic.IsShared ? AgentDecider.Find(seen, new Revision(draft.Status.CandidateRevision!), Track.Serving) : null;
        draft.Status = draft.Status with
        {
            Replicas = (deployment?.Pods.Total ?? 0) + (candidate?.Pods.Total ?? 0),
            ReadyReplicas = (deployment?.Pods.Ready ?? 0) + (candidate?.Pods.Ready ?? 0),
            Selector = string.Join(
                ',',
                ChildObjects
                    .Selector(seen.Name, traffic.IsShared ? null : serving, Track.Serving)
                    .Select(entry => $"{entry.Key}={entry.Value}")
            ),
        };
        if (serving is not { } known)
            draft.Set(ConditionTypes.Serving, "False", Reasons.NothingPassedYet, "no revision has passed its gates yet");
        else if (deployment is { Pods.Available: > 0 })
            draft.Set(
                ConditionTypes.Serving,
                "True",
                Reasons.RevisionServing,
                traffic.IsShared
                    ? $"revision {serving} serves, together with {draft.Status.CandidateRevision}"
                    : $"revision {serving} serves"
            );
        else if (candidate is { Pods.Available: > 0 })
            draft.Set(
                ConditionTypes.Serving,
                "True",
                Reasons.RevisionServing,
                $"revision {draft.Status.CandidateRevision} serves; no pod of {serving} is available"
            );
        else
            draft.Set(
                ConditionTypes.Serving,
                "False",
                Reasons.PodsUnavailable,
                $"no pod of revision {serving} is available{AgentDecider.Trouble(seen, deployment, known, Track.Serving)}"
            );
    }

    private static void AddService(AgentObservation seen, StatusDraft draft, Revision revision, Traffic traffic)
    {
        if (
            seen.Children.Services.GetValueOrDefault(ChildNames.Service(seen.Name)) is { } service
            && service.Meta.ControllerUid == seen.Uid
            && !IsMeant(seen, draft, service, revision)
        )
            draft.Note(
                true,
                Reasons.DriftReverted,
                $"the selector of Service {service.Meta.Key} was changed by somebody else; it is set back to revision {revision}"
            );
        draft.Writes.Add(new Write.Apply(ServiceView.Resource, ChildObjects.Service(seen, traffic.IsShared ? null : revision, revision)));
    }

    // The selector is ours where it is as it should be now, or as an earlier pass left it.
    private static bool IsMeant(AgentObservation seen, StatusDraft draft, ServiceView service, Revision revision)
    {
        if (
            TrackLabel.Parse(service.Selector.GetValueOrDefault(Names.TrackLabel)) != Track.Serving
            || service.Selector.GetValueOrDefault(Names.AgentLabel) != seen.Name
        )
            return false;
        var selected = service.Selector.GetValueOrDefault(Names.RevisionLabel);
        return selected is null
            ? draft.Before.Canary is not null || draft.Status.Canary is not null
            : selected == revision.Hash || selected == draft.Before.ServingRevision || selected == draft.Before.DrainingRevision;
    }

    private static void AddDisruption(AgentObservation seen, StatusDraft draft)
    {
        if (seen.Agent.Spec.PodDisruptionBudget is { } wanted)
            draft.Writes.Add(new Write.Apply(seen.Environment.Server.Disruptions, ChildObjects.Disruption(seen, wanted)));
        else if (seen.Children.Disruption is { } disruption && disruption.Meta.ControllerUid == seen.Uid && !disruption.Meta.Deleting)
            draft.Writes.Add(new Write.Delete(seen.Environment.Server.Disruptions, disruption.Meta.Key, disruption.Meta.Uid));
    }

    /// <summary>
    /// The condition EvalsPassed of a revision that serves. What was decided stays decided: another suite or bar applies to the next
    /// revision.
    /// </summary>
    public static void SetEvals(AgentObservation seen, StatusDraft draft, Revision revision)
    {
        var basis = ServedHistory.Find(draft.Status, revision);
        if (seen.Agent.Spec.Evals.Count == 0)
        {
            draft.Status = draft.Status with { Evals = [], EvalSummary = "none" };
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.NoSuites, "spec.evals is empty: nothing is proven");
            return;
        }
        var passed = false;
        if (EvalPlan.Problem(seen) is null && EvalPlan.Steps(seen, revision, 0) is var steps && steps.All(step => step.Passed))
        {
            passed = true;
            draft.Status = draft.Status with
            {
                Evals = [.. steps.Select(step => EvalPlan.Status(step, revision))],
                EvalSummary = EvalPlan.Summary(steps),
            };
        }
        if (passed || basis?.Basis == PromotionBasis.Evals)
            draft.Set(
                ConditionTypes.EvalsPassed,
                "True",
                Reasons.EvalsPassed,
                $"revision {revision} passed its evals: {draft.Status.EvalSummary}"
            );
        else if (basis?.Basis == PromotionBasis.RollbackWindow)
            draft.Set(
                ConditionTypes.EvalsPassed,
                "True",
                Reasons.ServedBefore,
                $"revision {revision} served before, within the rollback window; its evals were not measured again"
            );
        else if (basis?.Basis == PromotionBasis.Exception)
            draft.Set(
                ConditionTypes.EvalsPassed,
                "Unknown",
                Reasons.ExceptionUsed,
                $"revision {revision} was let through by ReadinessException {basis.Exception}: nothing is proven"
            );
        else
            draft.Set(
                ConditionTypes.EvalsPassed,
                "Unknown",
                Reasons.NotEvaluated,
                $"revision {revision} serves without a verdict on record; the next one is measured"
            );
    }
}
