using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Views;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The decision about one agent: what was observed goes in, what to write comes out. Pure and without memory: everything that a
/// rollout must remember is in the cluster, so any leader at any moment decides the same.
/// </summary>
public static class AgentDecider
{
    /// <summary>EvalRuns of revisions that are neither declared nor served nor kept, which stay for people to read.</summary>
    private const int OldRuns = 10;

    /// <summary>Decides.</summary>
    public static AgentDecision Decide(AgentObservation seen)
    {
        var before = seen.Agent.Status ?? new AgentDeploymentStatus();
        var draft = new StatusDraft(before, seen.Agent.Metadata.Generation, seen.Now);
        if (seen.Agent.Metadata.DeletionTimestamp is not null)
            return new AgentDecision([], before, [], null);

        var serving = Serving(seen, before);
        draft.Status = draft.Status with { ServingRevision = serving };
        var problems = AgentDeploymentRules.Check(seen.Agent);
        if (problems.Count > 0)
        {
            draft.Stall("Invalid", Reasons.InvalidSpec, string.Join("; ", problems));
            SetServing(seen, draft, serving, null);
            return draft.Finish();
        }

        var replicas = BudgetDecision.Decide(seen, draft);
        if (MissingConfigMap(seen) is { } missing)
        {
            draft.Reconciling("Waiting", Reasons.ConfigMapNotFound, $"spec.template: ConfigMap {seen.Namespace}/{missing} does not exist");
            KeepLastGood(seen, draft, serving, replicas);
            return draft.Finish();
        }
        var revision = Revision.Compute(seen.Agent.Spec, seen.ConfigMaps.ToDictionary(map => map.Key, map => map.Value.Digest));
        if (NameConflict(seen, revision) is { } conflict)
        {
            draft.Stall("Invalid", Reasons.NameConflict, conflict);
            KeepLastGood(seen, draft, serving, replicas);
            return draft.Finish();
        }

        if (revision != serving && CandidateDecider.Decide(seen, draft, revision, serving, replicas))
        {
            if (serving is not null)
                draft.Status = draft.Status with { DrainingRevision = serving, DrainUntil = StatusDraft.Seconds(seen.Now + GoDuration.Parse(seen.Agent.Spec.Rollout?.Drain ?? Defaults.Drain)) };
            draft.Status = draft.Status with { ServingRevision = serving = revision };
        }
        if (revision == serving)
            Steady(seen, draft, revision, replicas);
        else
            KeepLastGood(seen, draft, serving, replicas);
        CleanUp(seen, draft, revision, serving);
        return draft.Finish();
    }

    /// <summary>Writes that bring a revision's pods up, in their order: configuration first.</summary>
    internal static void AddRevision(AgentObservation seen, StatusDraft draft, string revision, string track, int replicas)
    {
        foreach (var (name, source) in seen.ConfigMaps)
        {
            var copy = seen.Copies.FirstOrDefault(copy => copy.Meta.Key.Name == ChildNames.ConfigMapCopy(name, seen.Name, revision));
            if (copy is not null && copy.Digest == source.Digest)
                continue;
            // An immutable copy with another content is not ours any more, whoever made it.
            if (copy is not null)
                draft.Writes.Add(new Write.Delete(ConfigMapView.Resource, copy.Meta.Key, copy.Meta.Uid));
            draft.Writes.Add(new Write.Copy(name, source.Digest, ChildObjects.ConfigMapCopy(seen, name, revision)));
        }
        draft.Writes.Add(new Write.Apply(ConfigMapView.Resource, ChildObjects.GuardrailConfig(seen, revision, track)));
        draft.Writes.Add(new Write.Apply(DeploymentView.Resource, ChildObjects.Deployment(seen, revision, track, replicas)));
    }

    /// <summary>The Deployment of a revision, or null.</summary>
    internal static DeploymentView? Find(AgentObservation seen, string revision, string track) =>
        seen.Owned.FirstOrDefault(deployment => deployment.Revision == revision && deployment.Track == track && !deployment.Meta.Deleting);

    /// <summary>Why the pods of a revision are not available, as exactly as the cluster says it.</summary>
    internal static string Trouble(AgentObservation seen, DeploymentView? deployment, string revision, string track)
    {
        var pods = seen.Pods.Where(pod => pod.Meta.Label(Names.RevisionLabel) == revision && pod.Meta.Label(Names.TrackLabel) == track);
        var cause = deployment?.Fault ?? pods.Select(pod => pod.Trouble).FirstOrDefault(trouble => trouble is not null);
        return cause is null ? string.Empty : $": {cause}";
    }

    // The status is the record; the Service is what it is made into. Only where the record is lost does the Service speak.
    private static string? Serving(AgentObservation seen, AgentDeploymentStatus before)
    {
        if (before.ServingRevision is { Length: > 0 } recorded)
            return recorded;
        var service = seen.Services.GetValueOrDefault(ChildNames.Service(seen.Name));
        var selected = service?.Meta.ControllerUid == seen.Uid ? service.Selector.GetValueOrDefault(Names.RevisionLabel) : null;
        return selected is not null && Find(seen, selected, Names.ServingTrack) is not null ? selected : null;
    }

    private static string? MissingConfigMap(AgentObservation seen) => ConfigMapReferences.Find(seen.Agent.Spec.Template)
        .Where(reference => !reference.Optional && !seen.ConfigMaps.ContainsKey(reference.Name))
        .Select(reference => reference.Name).FirstOrDefault();

    private static string? NameConflict(AgentObservation seen, string revision)
    {
        foreach (var name in new[] { ChildNames.Service(seen.Name), ChildNames.CandidateService(seen.Name) })
        {
            if (seen.Services.GetValueOrDefault(name) is { } service && service.Meta.ControllerUid != seen.Uid)
                return $"Service {seen.Namespace}/{name} exists and is not this agent's: rename one of the two";
        }
        string[] names = [ChildNames.Serving(seen.Name, revision), ChildNames.Eval(seen.Name, revision)];
        return seen.Deployments.FirstOrDefault(deployment => names.Contains(deployment.Meta.Key.Name) && deployment.Meta.ControllerUid != seen.Uid) is { } foreign
            ? $"Deployment {foreign.Meta.Key} exists and is not this agent's: rename one of the two"
            : null;
    }

    private static void Steady(AgentObservation seen, StatusDraft draft, string revision, int replicas)
    {
        draft.Status = draft.Status with { CandidateRevision = null, ProgressStep = null, ProgressSince = null };
        AddRevision(seen, draft, revision, Names.ServingTrack, replicas);
        AddService(seen, draft, revision);
        SetEvals(seen, draft, revision);
        var deployment = Find(seen, revision, Names.ServingTrack);
        SetServing(seen, draft, revision, deployment);

        var exhausted = seen.Agent.Spec.Budget is not null && draft.Status.Budget is [{ Exhausted: true }, ..];
        if (exhausted)
        {
            draft.Status = draft.Status with { Phase = "Exhausted" };
            draft.NotReady(Reasons.BudgetExhausted, $"revision {revision} is declared and passed; the budget window is spent");
        }
        else if (deployment?.IsWhole(replicas) == true && replicas > 0 && !seen.EndpointPods.Any(pod => pod.StartsWith(ChildNames.Serving(seen.Name, revision) + "-", StringComparison.Ordinal)))
        {
            // Ready promises that the Service answers, and that is only so once the endpoints are made.
            draft.Reconciling("Serving", Reasons.EndpointsPending, $"Service {seen.Namespace}/{ChildNames.Service(seen.Name)} has no endpoint of revision {revision} yet");
        }
        else if (deployment?.IsWhole(replicas) == true)
        {
            draft.Status = draft.Status with { Phase = "Serving" };
            draft.Set(ConditionTypes.Ready, "True", Reasons.RevisionServing, $"revision {revision} serves with {replicas} pods");
        }
        else
        {
            draft.Reconciling("Serving", Reasons.PodsUnavailable,
                $"{deployment?.Available ?? 0} of {replicas} pods of revision {revision} are available{Trouble(seen, deployment, revision, Names.ServingTrack)}");
        }
    }

    private static void KeepLastGood(AgentObservation seen, StatusDraft draft, string? serving, int replicas)
    {
        var deployment = serving is null ? null : Find(seen, serving, Names.ServingTrack);
        SetServing(seen, draft, serving, deployment);
        if (deployment is not null && deployment.Replicas != replicas)
            draft.Writes.Add(new Write.Scale(deployment.Meta.Key, replicas));
        if (serving is not null && deployment is not null)
            AddService(seen, draft, serving);
    }

    private static void AddService(AgentObservation seen, StatusDraft draft, string revision)
    {
        if (seen.Services.GetValueOrDefault(ChildNames.Service(seen.Name)) is { } service && service.Meta.ControllerUid == seen.Uid)
        {
            var selected = service.Selector.GetValueOrDefault(Names.RevisionLabel);
            var meant = selected == revision || selected == draft.Before.ServingRevision || selected == draft.Before.DrainingRevision;
            if (!meant || service.Selector.GetValueOrDefault(Names.TrackLabel) != Names.ServingTrack || service.Selector.GetValueOrDefault(Names.AgentLabel) != seen.Name)
                draft.Note(true, Reasons.DriftReverted, $"the selector of Service {service.Meta.Key} was changed by somebody else; it is set back to revision {revision}");
        }
        draft.Writes.Add(new Write.Apply(ServiceView.Resource, ChildObjects.Service(seen, revision)));
    }

    private static void SetServing(AgentObservation seen, StatusDraft draft, string? serving, DeploymentView? deployment)
    {
        deployment ??= serving is null ? null : Find(seen, serving, Names.ServingTrack);
        draft.Status = draft.Status with
        {
            Replicas = deployment?.Total ?? 0,
            ReadyReplicas = deployment?.Ready ?? 0,
            Selector = serving is null ? $"{Names.AgentLabel}={seen.Name},{Names.TrackLabel}={Names.ServingTrack}"
                : $"{Names.AgentLabel}={seen.Name},{Names.RevisionLabel}={serving},{Names.TrackLabel}={Names.ServingTrack}",
        };
        if (serving is null)
            draft.Set(ConditionTypes.Serving, "False", Reasons.NothingPassedYet, "no revision has passed its gates yet");
        else if (deployment is { Available: > 0 })
            draft.Set(ConditionTypes.Serving, "True", Reasons.RevisionServing, $"revision {serving} serves");
        else
            draft.Set(ConditionTypes.Serving, "False", Reasons.PodsUnavailable, $"no pod of revision {serving} is available{Trouble(seen, deployment, serving, Names.ServingTrack)}");
    }

    private static void SetEvals(AgentObservation seen, StatusDraft draft, string revision)
    {
        if (seen.Agent.Spec.Evals.Count == 0)
        {
            draft.Status = draft.Status with { Evals = [], EvalSummary = "none" };
            draft.Set(ConditionTypes.EvalsPassed, "Unknown", Reasons.NoSuites, "spec.evals is empty: nothing is proven");
            return;
        }
        // What was decided stays decided: another suite or bar applies to the next revision.
        if (EvalPlan.Problem(seen) is null && EvalPlan.Steps(seen, revision) is var steps && steps.All(step => step.Passed))
            draft.Status = draft.Status with { Evals = [.. steps.Select(step => EvalPlan.Status(step, revision))], EvalSummary = EvalPlan.Summary(steps) };
        draft.Set(ConditionTypes.EvalsPassed, "True", Reasons.EvalsPassed, $"revision {revision} passed its evals: {draft.Status.EvalSummary}");
    }

    private static void CleanUp(AgentObservation seen, StatusDraft draft, string revision, string? serving)
    {
        var draining = Drain(seen, draft, revision, serving);
        var old = seen.Owned.Where(deployment => deployment.Track == Names.ServingTrack && !deployment.Meta.Deleting
            && deployment.Revision != revision && deployment.Revision != serving && deployment.Revision != draining).ToList();
        foreach (var deployment in old.Where(deployment => deployment.Replicas > 0))
            draft.Writes.Add(new Write.Scale(deployment.Meta.Key, 0));

        var limit = seen.Agent.Spec.Rollout?.HistoryLimit ?? Defaults.HistoryLimit;
        var history = old.OrderByDescending(deployment => deployment.Meta.Created).ThenBy(deployment => deployment.Meta.Key.Name, StringComparer.Ordinal).ToList();
        foreach (var deployment in history.Skip(limit))
            draft.Writes.Add(new Write.Delete(DeploymentView.Resource, deployment.Meta.Key, deployment.Meta.Uid));

        var evaluating = draft.Status.CandidateRevision == revision && draft.Status.Phase == "Evaluating";
        foreach (var deployment in seen.Owned.Where(deployment => deployment.Track == Names.EvalTrack && !deployment.Meta.Deleting && !(evaluating && deployment.Revision == revision)))
            draft.Writes.Add(new Write.Delete(DeploymentView.Resource, deployment.Meta.Key, deployment.Meta.Uid));
        if (!evaluating && seen.Services.GetValueOrDefault(ChildNames.CandidateService(seen.Name)) is { } candidate && candidate.Meta.ControllerUid == seen.Uid)
            draft.Writes.Add(new Write.Delete(ServiceView.Resource, candidate.Meta.Key, candidate.Meta.Uid));

        HashSet<string?> kept = [revision, serving, draining, .. history.Take(limit).Select(deployment => deployment.Revision)];
        foreach (var copy in seen.Copies.Where(copy => copy.Meta.ControllerUid == seen.Uid && !copy.Meta.Deleting
            && (!kept.Contains(copy.Meta.Label(Names.RevisionLabel)) || (copy.Meta.Label(Names.TrackLabel) == Names.EvalTrack && !(evaluating && copy.Meta.Label(Names.RevisionLabel) == revision)))))
        {
            draft.Writes.Add(new Write.Delete(ConfigMapView.Resource, copy.Meta.Key, copy.Meta.Uid));
        }
        foreach (var run in seen.Runs.Where(run => !kept.Contains(run.Spec.Revision) || run.Spec.AgentUid != seen.Uid)
            .OrderByDescending(run => run.Metadata.CreationTimestamp).ThenBy(run => run.Metadata.Name, StringComparer.Ordinal).Skip(OldRuns))
        {
            draft.Writes.Add(new Write.Delete(ResourceType.Of<EvalRun>(), new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name), run.Metadata.Uid));
        }
    }

    private static string? Drain(AgentObservation seen, StatusDraft draft, string revision, string? serving)
    {
        if (draft.Status.DrainingRevision is not { } draining)
            return null;
        if (draining == serving || draining == revision || Find(seen, draining, Names.ServingTrack) is null || draft.Status.DrainUntil is not { } until || seen.Now >= until)
        {
            draft.Status = draft.Status with { DrainingRevision = null, DrainUntil = null };
            return null;
        }
        draft.LookAgainAt(until);
        return draining;
    }
}
