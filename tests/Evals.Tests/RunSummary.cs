using AgentReadiness.EvalRunner;
using AgentReadiness.EvalRunner.Running;

namespace AgentReadiness.Evals.Tests;

/// <summary>What a run found, counted.</summary>
internal sealed record RunSummary(
    string CasesDigest,
    int Cases,
    int Passed,
    int Failed,
    int Errored,
    int CriticalFailed,
    IReadOnlyList<string> Failing,
    string? Error,
    string? FirstFault
)
{
    public static RunSummary Of(RunnerSettings settings, RunResult run)
    {
        bool Critical(CaseResult result) => result.Case.Tags.Any(settings.CriticalTags.Contains);
        var bad = run.Results.Where(result => result.Outcome != Outcome.Passed).ToList();
        return new RunSummary(
            run.CasesDigest,
            run.Cases,
            run.Results.Count - bad.Count,
            bad.Count(result => result.Outcome == Outcome.Failed),
            bad.Count(result => result.Outcome == Outcome.Errored),
            bad.Count(Critical),
            [.. bad.OrderByDescending(Critical).Select(result => result.Case.Id)],
            run.Error,
            bad.Where(result => result.Outcome == Outcome.Errored).Select(result => $"{result.Case.Id}: {result.Reason}").FirstOrDefault()
        );
    }
}
