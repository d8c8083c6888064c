using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// The decision about one agent: what was observed goes in, what to write comes out. Pure and without memory: everything that a
/// rollout must remember is in the cluster, so any leader at any moment decides the same.
/// </summary>
/// <remarks>
/// The deciders share one <see cref="StatusDraft"/>. What each owes to those before it:
/// <list type="number">
/// <item><see cref="BudgetDecision"/> says how many pods the agent may have. All that follow use that number, and it is the first to say
/// why the agent is not ready, since <see cref="StatusDraft.NotReady"/> keeps the first cause.</item>
/// <item><see cref="Preconditions"/> end the pass early: without them no revision can be computed, or no object may be made.</item>
/// <item><see cref="RolloutCommands"/> are read before any step, since a command may choose another target or begin a step anew.</item>
/// <item><see cref="CandidateDecider"/> or <see cref="RollbackDecider"/> moves the rollout on, and says what it means for the
/// traffic.</item>
/// <item>The take-over comes next: its check of the live pods is put before every other write.</item>
/// <item><see cref="ServingDecider"/> writes Service and pods of what serves after the take-over, not before it.</item>
/// <item><see cref="DriftDecider"/> may keep the eval pods, and cancels runs that must not go on: before <see cref="CleanUp"/>, which
/// deletes what nobody has kept.</item>
/// <item><see cref="TamperCheck"/> reports last, since it needs to know what serves.</item>
/// <item><see cref="ConfigRollout"/> completes the whole decision, since it needs to know what is applied and what is deleted.</item>
/// </list>
/// </remarks>
public static class AgentDecider
{
    /// <summary>Decides.</summary>
    public static AgentDecision Decide(AgentObservation seen) => ConfigRollout.Complete(seen, Rollout(seen));

    private static AgentDecision Rollout(AgentObservation seen)
    {
        var before = seen.Agent.Status ?? new AgentDeploymentStatus();
        var draft = new StatusDraft(before, seen.Agent.Metadata.Generation, seen.Now);
        if (seen.Agent.Metadata.DeletionTimestamp is not null)
            return new AgentDecision([], before, [], null);

        var serving = Serving(seen, before);
        draft.Status = draft.Status with { ServingRevision = serving?.Hash, Exception = null };
        // Of a spec that cannot be read nothing follows: whatever serves goes on.
        var unreadable = seen.Agent.Faults.Count > 0;
        var problems = unreadable ? seen.Agent.Faults : [.. AgentDeploymentRules.Check(seen.Agent).Select(problem => problem.ToString())];
        if (problems.Count > 0)
        {
            draft.Stall(Phases.Invalid, unreadable ? Reasons.Undecodable : Reasons.InvalidSpec, string.Join("; ", problems));
            ServingDecider.Describe(seen, draft, serving, Traffic.Held);
            return draft.Finish();
        }

        var replicas = BudgetDecision.Decide(seen, draft);
        if (Preconditions.Missing(seen) is { } missing)
        {
            draft.Reconciling(Phases.Waiting, missing.Reason, missing.Message);
            ServingDecider.KeepLastGood(seen, draft, serving, replicas, Traffic.Held);
            TamperCheck.Report(seen, draft, null, serving);
            return draft.Finish();
        }
        var revision = seen.Inputs.Revision(seen.Agent.Spec);
        if (Preconditions.NotLent(seen, revision, serving) is { } notLent)
        {
            draft.Reconciling(Phases.Waiting, notLent.Reason, notLent.Message);
            ServingDecider.KeepLastGood(seen, draft, serving, replicas, Traffic.Held);
            CleanUp.Decide(seen, draft, revision, serving);
            TamperCheck.Report(seen, draft, revision, serving);
            return draft.Finish();
        }
        if (Preconditions.Refusal(seen, revision) is { } refusal)
        {
            draft.Stall(Phases.Invalid, refusal.Reason, refusal.Message);
            ServingDecider.KeepLastGood(seen, draft, serving, replicas, Traffic.Held);
            CleanUp.Decide(seen, draft, revision, serving);
            TamperCheck.Report(seen, draft, revision, serving);
            return draft.Finish();
        }

        var commands = RolloutCommands.Read(seen, draft, revision, serving);
        var target = commands.RollbackFrom(revision) ?? revision;
        var traffic = Traffic.Held;
        if (target != serving)
        {
            traffic =
                target == revision
                    ? CandidateDecider.Decide(seen, draft, revision, serving, replicas, commands)
                    : RollbackDecider.Decide(seen, draft, revision, target, replicas, commands);
        }
        if (traffic.TakeOver is { } basis)
        {
            draft.Writes.Insert(0, new Write.Verify(new NamespacedName(seen.Namespace, ChildNames.Serving(seen.Name, target)), replicas));
            TakeOver(seen, draft, serving, target, basis);
            serving = target;
        }
        if (serving == revision && target == revision)
        {
            ServingDecider.Steady(seen, draft, revision, replicas);
            // An agent without pods, by its budget or by hand, is not measured again: nobody uses it.
            if (replicas > 0)
                DriftDecider.Decide(seen, draft, revision);
        }
        else
            ServingDecider.KeepLastGood(seen, draft, serving, replicas, traffic);
        if (serving == target && target != revision)
            RollbackDecider.Rest(seen, draft, revision, target, commands);
        DriftDecider.CancelOthers(seen, draft, revision);
        DriftDecider.Report(seen, draft, serving);
        CleanUp.Decide(seen, draft, revision, serving);
        TamperCheck.Report(seen, draft, revision, serving);
        return draft.Finish();
    }

    /// <summary>Writes that bring a revision's pods up, in their order: configuration first.</summary>
    internal static void AddRevision(AgentObservation seen, StatusDraft draft, Revision revision, Track track, int replicas)
    {
        foreach (var (name, source) in seen.Inputs.ConfigMaps)
        {
            var copy = seen.Children.Copies.FirstOrDefault(copy =>
                copy.Meta.Key.Name == ChildNames.ConfigMapCopy(name, seen.Name, revision)
            );
            if (copy is not null && copy.Digest == source.Digest)
                continue;
            // A copy with another content was replaced by somebody, since copies are immutable. It is deleted and made again.
            if (copy is not null)
                draft.Writes.Add(new Write.Delete(ConfigMapView.Resource, copy.Meta.Key, copy.Meta.Uid));
            draft.Writes.Add(new Write.Copy(name, source.Digest, ChildObjects.ConfigMapCopy(seen, name, revision)));
        }
        draft.Writes.Add(new Write.Apply(ConfigMapView.Resource, ChildObjects.GuardrailConfig(seen, revision, track)));
        var (live, injection) = (Find(seen, revision, track), Injection.Of(seen, revision));
        if (!injection.IsKnown && live is not null)
        {
            // A newer operator made it, and this one could only spoil it: it stays as it is, but for the number of its pods.
            if (live.Pods.Wanted != replicas)
                draft.Writes.Add(new Write.Scale(live.Meta.Key, replicas));
            return;
        }
        if (!injection.IsKnown)
            injection = Injection.New(seen);
        draft.Pin(revision, injection);
        draft.Writes.Add(
            new Write.Apply(DeploymentView.Resource, ChildObjects.Deployment(seen, revision, track, injection, replicas))
            {
                ForeignManagers = live?.ForeignManagers ?? [],
            }
        );
    }

    /// <summary>The Deployment of a revision, or null.</summary>
    internal static DeploymentView? Find(AgentObservation seen, Revision revision, Track track) =>
        seen.Owned.FirstOrDefault(deployment => deployment.Revision == revision && deployment.Track == track && !deployment.Meta.Deleting);

    /// <summary>Why the pods of a revision are not available, as exactly as the cluster says it.</summary>
    internal static string Trouble(AgentObservation seen, DeploymentView? deployment, Revision revision, Track track)
    {
        var pods = seen.Children.Pods.Where(pod => pod.Meta.Revision == revision && pod.Meta.Track == track);
        var cause = deployment?.Fault ?? pods.Select(pod => pod.Trouble).FirstOrDefault(trouble => trouble is not null);
        return cause is null ? string.Empty : $": {cause}";
    }

    // The status records which revision serves. Only where that record is lost is the Service's selector read instead.
    private static Revision? Serving(AgentObservation seen, AgentDeploymentStatus before)
    {
        if (Revision.Parse(before.ServingRevision) is { } recorded)
            return recorded;
        var service = seen.Children.Services.GetValueOrDefault(ChildNames.Service(seen.Name));
        var selected =
            service?.Meta.ControllerUid == seen.Uid ? Revision.Parse(service.Selector.GetValueOrDefault(Names.RevisionLabel)) : null;
        return selected is { } revision && Find(seen, revision, Track.Serving) is not null ? revision : null;
    }

    private static void TakeOver(AgentObservation seen, StatusDraft draft, Revision? serving, Revision target, PromotionBasis basis)
    {
        var now = Timestamps.WholeSeconds(seen.Now);
        draft.Note(false, Reasons.Promoted, $"revision {target} serves now{(serving is null ? string.Empty : $", instead of {serving}")}");
        draft.Status = draft.Status with
        {
            ServingRevision = target.Hash,
            DrainingRevision = serving?.Hash,
            DrainUntil = serving is null ? null : now + GoDuration.Parse(seen.Agent.Spec.Rollout?.Drain ?? Defaults.Drain),
            History = ServedHistory.TakeOver(
                draft.Status.History,
                new ServedRevision
                {
                    Revision = target.Hash,
                    Since = now,
                    Basis = basis,
                    Exception = basis == PromotionBasis.Exception ? draft.Status.Exception?.Name : null,
                }
            ),
        };
    }
}
