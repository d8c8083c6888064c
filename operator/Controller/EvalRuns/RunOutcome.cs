using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>What is known of a run: an error, a report whose results are to be judged, or when to look again.</summary>
/// <param name="Fault">Why there is no measurement, once that is certain.</param>
/// <param name="Report">What the reporter said, where it is worth reading on.</param>
/// <param name="Pod">The pod whose log has the results.</param>
/// <param name="RequeueAfter">When time alone changes the outcome.</param>
public sealed record RunOutcome(VerdictResult? Fault, ReporterMessage? Report, PodView? Pod, TimeSpan? RequeueAfter)
{
    /// <summary>After the deadline for which the Job itself ends a runner: for a Job that vanished, or a kubelet that is silent.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>How long a Job may be without a pod before it is asked why, and how often it is asked again.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Job and pod are watched separately, so one of the two may show the end earlier than the other.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    /// <summary>Decides. Pure.</summary>
    /// <param name="run">The run, started.</param>
    /// <param name="job">Its Job; null where the cache does not show one.</param>
    /// <param name="runners">The Job's pods.</param>
    /// <param name="now">The moment.</param>
    public static RunOutcome Decide(EvalRun run, JobView? job, IReadOnlyList<PodView> runners, DateTimeOffset now)
    {
        var until = Until(run) + Grace;
        foreach (var pod in runners)
        {
            if (
                pod.Containers.FirstOrDefault(container => container.Name == RunnerJob.Reporter && container.ExitCode is not null) is
                { } reporter
            )
                return Judge(run, pod, reporter, now < until);
        }
        var trouble =
            runners.Select(pod => pod.Trouble).FirstOrDefault(cause => cause is not null)
            ?? (runners.Count == 0 && run.Status!.Reason == EvalReasons.RunnerRefused ? run.Status.Message : null);
        var because = trouble is null ? string.Empty : $"; {trouble}";
        if (job?.Failure is { } failure)
        {
            return runners.Any(pod => !pod.IsOver && !pod.Meta.Deleting) && now < until
                ? Wait(Moment)
                : Error(EvalReasons.RunnerJobFailed, $"the runner's Job failed: {failure}{because}");
        }
        if (now < until)
            return Wait(until - now);
        // The Job should have ended its pod at the deadline. Its controller can miss that: it was seen once, on a busy Kubernetes 1.20.
        return runners.Any(pod => !pod.IsOver)
            ? Error(
                EvalReasons.DeadlineExceeded,
                $"the runner has not ended within {run.Spec.Deadline} and {Grace.TotalSeconds:0} s{because}"
            )
            : Error(
                EvalReasons.RunnerVanished,
                $"no word from the runner within {run.Spec.Deadline} and {Grace.TotalSeconds:0} s{because}"
            );
    }

    /// <summary>When to ask why the Job has no pod; null where it has one, or has failed.</summary>
    /// <param name="run">The run, started.</param>
    /// <param name="job">Its Job; null where the cache does not show one.</param>
    /// <param name="runners">The Job's pods.</param>
    /// <param name="now">The moment.</param>
    /// <returns>Zero or less: now.</returns>
    public static TimeSpan? AskIn(EvalRun run, JobView? job, IReadOnlyList<PodView> runners, DateTimeOffset now) =>
        job is { Failure: null } && runners.Count == 0 && now < Until(run) ? Began(run) + Patience - now : null;

    /// <summary>When the time of a started run is over.</summary>
    public static DateTimeOffset Until(EvalRun run) => Began(run) + GoDuration.Parse(run.Spec.Deadline);

    private static DateTimeOffset Began(EvalRun run) => new(DateTime.SpecifyKind(run.Status!.StartedAt!.Value, DateTimeKind.Utc));

    private static RunOutcome Judge(EvalRun run, PodView pod, ContainerView reporter, bool mayWait)
    {
        if (ReporterMessage.TryParse(reporter.TerminationMessage) is not { } report)
            return Error(EvalReasons.NoReport, $"the reporter ended with {End(reporter)} and left no report");
        if (report.Run != run.Metadata.Uid)
            return Error(EvalReasons.ForeignReport, "the report is of another run");
        // The guardrail of a judge ends after the reporter; a call that it could not make is an error of its case.
        var own = pod.Containers.Where(container => container.Name is not (RunnerJob.Reporter or Names.GuardrailContainer)).ToList();
        foreach (var container in own)
        {
            if (container.ExitCode is null && container.Waiting is { } waiting)
                return Error(EvalReasons.RunnerNotStarted, $"the runner did not start: {waiting}");
            if (container.ExitCode is null && mayWait)
                return Wait(Moment);
            // By convention, an exit code of 128 or more means that a signal ended the process.
            if (
                container.ExitCode is null or >= 128
                || container.TerminationReason is "OOMKilled" or "ContainerCannotRun" or "DeadlineExceeded"
            )
                return Error(EvalReasons.RunnerCrashed, $"container {container.Name} ended with {End(container)}");
        }
        if (report.Reason is { } reason)
            return Error(reason, report.Message ?? "the results cannot be used");
        if (run.Status!.CasesDigest is { } digest && !string.Equals(report.CasesDigest, digest, StringComparison.OrdinalIgnoreCase))
            return Error(EvalReasons.ForeignCases, "the report is of other cases than the runner was given");
        // Many tools exit with an error when a case failed. An error exit with only passed cases is a contradiction, so the results are not
        // used.
        return own.Find(container => container.ExitCode != 0) is { } failed && report.Failed + report.Errored == 0
            ? Error(
                EvalReasons.RunnerCrashed,
                $"container {failed.Name} ended with {End(failed)}, and its results name no case that did not pass"
            )
            : new RunOutcome(null, report, pod, null);
    }

    private static string End(ContainerView container) =>
        $"exit code {container.ExitCode}{(container.TerminationReason is { } reason ? $", {reason}" : string.Empty)}";

    private static RunOutcome Wait(TimeSpan time) => new(null, null, null, time);

    private static RunOutcome Error(string reason, string message) =>
        new(new VerdictResult(EvalPhase.Error, reason, message, null, null, null), null, null, null);
}
