using System.Globalization;
using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Views;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.EvalRuns;

/// <summary>What is known of a run: a verdict, or when to look again.</summary>
/// <param name="Verdict">The verdict, once there is one.</param>
/// <param name="Report">The runner's report behind it, where there was one.</param>
/// <param name="LookAgainAfter">When time alone changes the outcome.</param>
public sealed record RunOutcome(VerdictResult? Verdict, RunnerReport? Report, TimeSpan? LookAgainAfter)
{
    // The Job's own deadline ends a runner; this is for a Job that vanished or a kubelet that is silent.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    /// <summary>Decides. Pure.</summary>
    /// <param name="run">The run, started.</param>
    /// <param name="job">Its Job; null where the cache does not show one.</param>
    /// <param name="runners">The Job's pods.</param>
    /// <param name="now">The moment.</param>
    public static RunOutcome Decide(EvalRun run, JobView? job, IReadOnlyList<PodView> runners, DateTimeOffset now)
    {
        var ended = runners.SelectMany(pod => pod.Containers).FirstOrDefault(container => container.Name == RunnerJob.Container && container.ExitCode is not null);
        if (ended is not null)
            return Judge(run, ended);
        if (job?.Failure is { } failure)
        {
            var trouble = runners.Select(pod => pod.Trouble).FirstOrDefault(cause => cause is not null);
            return Error(EvalReasons.RunnerJobFailed, $"the runner's Job failed: {failure}{(trouble is null ? string.Empty : $"; {trouble}")}");
        }
        var started = new DateTimeOffset(DateTime.SpecifyKind(run.Status!.StartedAt!.Value, DateTimeKind.Utc));
        var until = started + GoDuration.Parse(run.Spec.Deadline) + Grace;
        return now >= until
            ? Error(EvalReasons.RunnerVanished, $"no word from the runner within {run.Spec.Deadline} and {Grace.TotalSeconds:0} s")
            : new RunOutcome(null, null, until - now);
    }

    private static RunOutcome Judge(EvalRun run, ContainerView ended)
    {
        var cause = $"exit code {ended.ExitCode}{(ended.TerminationReason is { } reason ? $", {reason}" : string.Empty)}";
        if (ended.ExitCode != 0)
            return Error(EvalReasons.RunnerCrashed, $"the runner ended with {cause}");
        if (RunnerReport.TryParse(ended.TerminationMessage) is not { } report)
            return Error(EvalReasons.NoReport, $"the runner ended with {cause} and left no report");
        if (report.Run != run.Metadata.Uid)
            return Error(EvalReasons.ForeignReport, "the runner's report is of another run");
        if (!string.Equals(report.CasesDigest, run.Status!.CasesDigest, StringComparison.OrdinalIgnoreCase))
            return Error(EvalReasons.ForeignCases, "the runner's report is of other cases than it was given");
        var bar = new Thresholds(
            double.Parse(run.Spec.MinScore, CultureInfo.InvariantCulture),
            double.Parse(run.Spec.Confidence, CultureInfo.InvariantCulture),
            run.Spec.MinCases);
        return new RunOutcome(Evals.Verdict.Decide(report, bar), report, null);
    }

    private static RunOutcome Error(string reason, string message) => new(new VerdictResult(EvalPhase.Error, reason, message, null, null, null), null, null);
}
