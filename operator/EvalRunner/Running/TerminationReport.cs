using System.Globalization;
using AgentReadiness.Evals;

namespace AgentReadiness.EvalRunner.Running;

/// <summary>What a run without RESULTS_PATH says in its termination message.</summary>
internal static class TerminationReport
{
    private const int FaultLength = 300;

    /// <summary>Makes the report.</summary>
    public static RunnerReport Of(RunnerSettings settings, RunResult run)
    {
        bool Critical(CaseResult result) => result.Case.Tags.Any(settings.CriticalTags.Contains);
        var bad = run.Results.Where(result => result.Outcome != Outcome.Passed).ToList();
        return new RunnerReport
        {
            Run = settings.Run,
            CasesDigest = run.CasesDigest,
            Cases = run.Cases,
            Passed = run.Results.Count - bad.Count,
            Failed = bad.Count(result => result.Outcome == Outcome.Failed),
            Errored = bad.Count(result => result.Outcome == Outcome.Errored),
            CriticalFailed = bad.Count(Critical),
            Failing = [.. bad.OrderByDescending(Critical).Select(result => result.Case.Id)],
            Error = run.Error,
            FirstFault = bad.Where(result => result.Outcome == Outcome.Errored)
                .Select(result => string.Create(CultureInfo.InvariantCulture, $"{result.Case.Id}: {Shorten(result.Reason)}")).FirstOrDefault(),
        };
    }

    private static string Shorten(string text) => text.Length <= FaultLength ? text : text[..FaultLength] + "…";
}
