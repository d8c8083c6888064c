using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>The decision about one run: what was observed goes in, the one thing to do comes out. Pure.</summary>
internal static class EvalRunDecider
{
    /// <summary>Decides.</summary>
    public static EvalRunDecision Decide(EvalRunObservation seen)
    {
        var run = seen.Run;
        if (run.Metadata.DeletionTimestamp is not null)
            return new EvalRunDecision(new EvalRunAction.Nothing());
        if (seen.AgentUid != run.Spec.AgentUid)
            return new EvalRunDecision(new EvalRunAction.Collect());
        // There is no CA yet that the guardrail of a judge could trust. The run is woken when there is one.
        if (run.IsOver || seen.TrustBundle is not { } bundle)
            return new EvalRunDecision(new EvalRunAction.Nothing());
        if (run.Status?.Phase is null or EvalPhase.Pending)
            return new EvalRunDecision(Begin(seen, bundle));
        if (run.Spec.Kind == EvalKind.External)
            return AwaitSubmission(seen);

        var outcome = RunOutcome.Decide(run, seen.Job, seen.Runners, seen.Now);
        EvalRunAction action = outcome switch
        {
            { Fault: { } fault } => new EvalRunAction.Finish(fault),
            { Report: { } report, Pod: { } pod } => new EvalRunAction.Judge(report, pod),
            // A pod came after all.
            _ when run.Status.Reason == EvalReasons.RunnerRefused && seen.Runners.Count > 0 => new EvalRunAction.Patch(
                run.Status with
                {
                    Reason = string.Empty,
                    Message = string.Empty,
                }
            ),
            _ => new EvalRunAction.Nothing(),
        };
        var again = outcome.RequeueAfter;
        if (action is EvalRunAction.Nothing && RunOutcome.AskIn(run, seen.Job, seen.Runners, seen.Now) is { } wait)
        {
            if (wait <= TimeSpan.Zero)
                (action, wait) = (new EvalRunAction.AskWhy(seen.Job!.Meta), RunOutcome.Patience);
            again = again is { } later && later < wait ? later : wait;
        }
        // The CA may be rotated during a run, so the guardrail of its judge gets the new certificates.
        var isBehind = seen.JudgeTrustDigest is { } digest && digest != TrustBundle.DigestOf(bundle);
        return new EvalRunDecision(action, again) { SetTrustBundle = isBehind ? bundle : null };
    }

    /// <summary>The status of a run that found no place.</summary>
    /// <param name="run">The run.</param>
    /// <param name="limits">How many places there are.</param>
    /// <returns>Null where its status says so already. The run is woken when a place becomes free.</returns>
    public static EvalRunStatus? Queued(EvalRun run, EvalLimits limits) =>
        run.Status?.Reason == EvalReasons.Queued
            ? null
            : new EvalRunStatus
            {
                Phase = EvalPhase.Pending,
                Reason = EvalReasons.Queued,
                Message =
                    $"waits for a place: {limits.Cluster} runs may be at work in the cluster, "
                    + $"{limits.Namespace} for the agents of one namespace",
            };

    /// <summary>The verdict on results that cannot be read.</summary>
    /// <param name="run">The run.</param>
    /// <param name="pod">The pod whose log should have them.</param>
    /// <param name="problem">Why not.</param>
    /// <param name="now">The moment.</param>
    /// <returns>Null to try again, since the kubelet may be unreachable for a moment. The log of a pod that is gone cannot be read
    /// later.</returns>
    public static VerdictResult? Unreadable(EvalRun run, PodView pod, string? problem, DateTimeOffset now) =>
        now < RunOutcome.Until(run) + RunOutcome.Grace
            ? null
            : VerdictWriter.Error(EvalReasons.LogUnreadable, $"the results in the log of pod {pod.Meta.Key} cannot be read: {problem}");

    /// <summary>The verdict on results whose counts are not those that the reporter named; null where they are.</summary>
    public static VerdictResult? Disagreement(ReporterMessage report, EvalResults results)
    {
        int Count(CaseOutcome outcome) => results.Cases.Count(one => one.Outcome == outcome);
        return
            results.Problems.Count == 0
            && (Count(CaseOutcome.Passed), Count(CaseOutcome.Failed), Count(CaseOutcome.Errored), Count(CaseOutcome.Skipped))
                != (report.Passed, report.Failed, report.Errored, report.Skipped)
            ? VerdictWriter.Error(EvalReasons.CountsDisagree, "the report's counts are not those of its results")
            : null;
    }

    private static EvalRunAction Begin(EvalRunObservation seen, string bundle)
    {
        var run = seen.Run;
        if (seen.Suite is not { Suite: { } suite, CasesDigest: { } cases } || SuiteDigest.Of(suite, cases) != run.Spec.SuiteDigest)
            return new EvalRunAction.Finish(
                VerdictWriter.Error(
                    EvalReasons.SuiteChanged,
                    "the suite or its cases changed before the run began; the next attempt takes the new ones"
                )
            );
        // The agent asks for no run then. This one was asked for before.
        if (seen.Suite.NotLent is { } notLent)
            return new EvalRunAction.Finish(VerdictWriter.Error(EvalReasons.NotLent, notLent));
        var began = Timestamps.WholeSeconds(seen.Now);
        if (run.Spec.Kind != EvalKind.External)
            return new EvalRunAction.Start(suite.Spec, began, bundle);
        var message =
            $"waits until {began + GoDuration.Parse(run.Spec.Deadline):yyyy-MM-dd'T'HH:mm:ss'Z'} for: kubectl agents evals submit "
            + $"FILE --suite {run.Metadata.NamespaceProperty}/{run.Spec.Suite} --agent {run.Spec.Agent.Namespace}/{run.Spec.Agent.Name} "
            + $"--revision {run.Spec.Revision}";
        return new EvalRunAction.Patch(
            new EvalRunStatus
            {
                Phase = EvalPhase.Running,
                StartedAt = began,
                Reason = EvalReasons.AwaitingSubmission,
                Message = message,
            }
        );
    }

    private static EvalRunDecision AwaitSubmission(EvalRunObservation seen)
    {
        var left = RunOutcome.Until(seen.Run) - seen.Now;
        return left > TimeSpan.Zero
            ? new EvalRunDecision(new EvalRunAction.Nothing(), left)
            : new EvalRunDecision(
                new EvalRunAction.Finish(
                    VerdictWriter.Error(EvalReasons.NotSubmitted, $"nobody submitted results within {seen.Run.Spec.Deadline}")
                )
            );
    }
}
