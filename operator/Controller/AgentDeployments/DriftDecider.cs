using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>
/// Measures what serves again from time to time, on pods of its own: models change behind an API, and so do the tools that an agent
/// calls. A worse result is told and stops nothing. Pure.
/// </summary>
internal static class DriftDecider
{
    /// <summary>Drift runs of an agent that stay for people to read.</summary>
    private const int KeptRuns = 5;

    /// <summary>The declared revision serves: begins what is due.</summary>
    public static void Decide(AgentObservation seen, StatusDraft draft, Revision revision)
    {
        if (!seen.Agent.Spec.Evals.Exists(eval => eval.ReevaluateEvery is not null) || EvalPlan.Problem(seen) is not null)
            return;
        var steps = EvalPlan.Steps(seen, revision, 0).Where(step => step.Requirement.ReevaluateEvery is not null).ToList();
        var due = steps.Where(step => IsDue(seen, draft, revision, step)).ToList();
        var running = seen.Children.Runs.Any(run => IsDriftOf(seen, run, revision) && !run.IsOver);
        if (due.Count == 0 && !running)
            return;
        var wanted = seen.Agent.Spec.Rollout?.CandidateReplicas ?? Defaults.CandidateReplicas;
        var deployment = AgentDecider.Find(seen, revision, Track.Eval);
        draft.KeepsEvalPods = true;
        AgentDecider.AddRevision(seen, draft, revision, Track.Eval, wanted);
        draft.Writes.Add(new Write.Apply(ServiceView.Resource, ChildObjects.CandidateService(seen, revision)));
        if (deployment is null || due.Count == 0)
            return;
        // Pods that do not come up cannot be measured. After the deadline the run is made all the same, so that its error tells somebody.
        var late = deployment.Meta.Created + GoDuration.Parse(Progress.Deadline(seen));
        if (!deployment.IsWhole(wanted) && seen.Now < late)
        {
            draft.RequeueAt(late);
            return;
        }
        var attempt = Count(seen);
        foreach (var step in due)
        {
            do attempt++;
            while (IsTaken(seen, step, attempt));
            draft.Writes.Add(new Write.CreateRun(EvalPlan.Run(seen, revision, step, attempt, EvalPurpose.Drift)));
        }
    }

    /// <summary>Takes new verdicts into the history of scores, and says whether what serves is still what it was.</summary>
    public static void Report(AgentObservation seen, StatusDraft draft, Revision? serving)
    {
        var fresh = seen
            .Children.Runs.Where(run =>
                run.Spec.AgentUid == seen.Uid
                && run.Status is { FinishedAt: not null, Phase: EvalPhase.Passed or EvalPhase.Failed or EvalPhase.Inconclusive }
            )
            .Select(Entry)
            .ToList();
        var names = fresh.Select(entry => (entry.Suite, entry.Run)).ToHashSet();
        List<ScoreEntry> scores =
        [
            .. fresh
                .Concat(draft.Before.Scores.Where(entry => !names.Contains((entry.Suite, entry.Run))))
                .OrderByDescending(entry => entry.At)
                .ThenBy(entry => entry.Run, StringComparer.Ordinal)
                .Take(20),
        ];
        if (!scores.SequenceEqual(draft.Before.Scores))
            draft.Status = draft.Status with { Scores = scores };

        var declared = seen
            .Agent.Spec.Evals.Where(eval => eval.ReevaluateEvery is not null)
            .Select(eval => $"{eval.Suite.Namespace ?? seen.Namespace}/{eval.Suite.Name}")
            .ToHashSet(StringComparer.Ordinal);
        var drifted = scores
            .Where(entry => entry.Revision == serving?.Hash && declared.Contains(entry.Suite))
            .GroupBy(entry => (entry.Suite, entry.Chaos))
            .Select(group => group.First())
            .Where(latest => latest is { Purpose: EvalPurpose.Drift, Phase: EvalPhase.Failed })
            .ToList();
        if (drifted.Count > 0)
        {
            var message =
                $"revision {serving} was measured again and is below its bar: {string.Join("; ", drifted.Select(Words))}; it serves on";
            draft.Set(ConditionTypes.Drifted, "True", Reasons.DriftDetected, message);
            if (!draft.Was(ConditionTypes.Drifted, "True"))
                draft.Note(true, Reasons.DriftDetected, message);
        }
        else if (draft.Was(ConditionTypes.Drifted, "True"))
        {
            draft.Note(false, Reasons.DriftOver, $"revision {serving} is not below its bar any more");
        }
    }

    private static string Words(ScoreEntry entry) =>
        $"{entry.Suite} {entry.Score} at {entry.At:yyyy-MM-dd'T'HH:mm:ss'Z'}, EvalRun {entry.Run}";

    /// <summary>
    /// Runs that must not go on: of a revision that is not declared any more, whose Service is about to lead to other pods, so that a
    /// verdict would be of those; and of one whose eval pods go because another suite has said no already, or a person.
    /// </summary>
    public static void CancelOthers(AgentObservation seen, StatusDraft draft, Revision declared)
    {
        var index = 0;
        foreach (
            var run in seen.Children.Runs.Where(run =>
                run.Spec.AgentUid == seen.Uid && (run.Spec.Revision != declared.Hash || !draft.KeepsEvalPods) && !run.IsOver
            )
        )
        {
            draft.Writes.Insert(index++, Delete(run));
        }
        foreach (
            var old in seen
                .Children.Runs.Where(run => run.Spec.Purpose == EvalPurpose.Drift && run.Spec.AgentUid == seen.Uid && run.IsOver)
                .OrderByDescending(run => run.Status!.FinishedAt)
                .ThenBy(run => run.Metadata.Name, StringComparer.Ordinal)
                .Skip(KeptRuns)
        )
        {
            draft.Writes.Add(Delete(old));
        }
    }

    private static Write.Delete Delete(EvalRun run) =>
        new(ResourceType.Of<EvalRun>(), new NamespacedName(run.Metadata.NamespaceProperty, run.Metadata.Name), run.Metadata.Uid);

    // Due when the last run of the suite, whatever its purpose and outcome, ended too long ago.
    private static bool IsDue(AgentObservation seen, StatusDraft draft, Revision revision, EvalStep step)
    {
        var mine = seen
            .Children.Runs.Where(run =>
                run.Spec.AgentUid == seen.Uid
                && run.Spec.Revision == revision.Hash
                && run.Metadata.NamespaceProperty == step.SuiteNamespace
                && run.Spec.Suite == step.Requirement.Suite.Name
                && run.Spec.Chaos?.Eval == ChaosPlans.Of(step.Requirement)?.Eval
            )
            .ToList();
        if (mine.Exists(run => !run.IsOver))
            return false;
        if (mine.Max(run => run.Status?.FinishedAt) is not { } last)
            return true;
        var due = new DateTimeOffset(DateTime.SpecifyKind(last, DateTimeKind.Utc)) + GoDuration.Parse(step.Requirement.ReevaluateEvery!);
        if (seen.Now < due)
            draft.RequeueAt(due);
        return seen.Now >= due;
    }

    // A run that somebody else made moves the count no further: money follows it.
    private static int Count(AgentObservation seen) =>
        Math.Min(
            DriftRuns.Most(seen.Agent, seen.Now),
            seen.Children.Runs.Where(run => DriftRuns.IsOperators(run, seen.Agent)).Select(run => run.Spec.Attempt).DefaultIfEmpty().Max()
        );

    private static bool IsTaken(AgentObservation seen, EvalStep step, int attempt)
    {
        var name = EvalPlan.NameOf(seen, step, attempt, EvalPurpose.Drift);
        return seen.Children.Runs.Any(run => run.Metadata.NamespaceProperty == step.SuiteNamespace && run.Metadata.Name == name);
    }

    private static bool IsDriftOf(AgentObservation seen, EvalRun run, Revision revision) =>
        run.Spec.Purpose == EvalPurpose.Drift && run.Spec.AgentUid == seen.Uid && run.Spec.Revision == revision.Hash;

    private static ScoreEntry Entry(EvalRun run) =>
        new()
        {
            Suite = $"{run.Metadata.NamespaceProperty}/{run.Spec.Suite}",
            Chaos = run.Spec.Chaos?.Eval,
            Run = run.Metadata.Name,
            Revision = run.Spec.Revision,
            Purpose = run.Spec.Purpose ?? EvalPurpose.Gate,
            At = DateTime.SpecifyKind(run.Status!.FinishedAt!.Value, DateTimeKind.Utc),
            Phase = run.Status.Phase!.Value,
            Score = run.Status.Score,
            Lower = run.Status.Lower,
        };
}
