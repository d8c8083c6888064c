using System.Globalization;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Evals;

/// <summary>The bar of one suite.</summary>
/// <param name="MinScore">0 to 1.</param>
/// <param name="Confidence">Of the one-sided bounds, 0.5 to below 1.</param>
/// <param name="MinCases">Fewer cases prove nothing.</param>
public sealed record Thresholds(double MinScore, double Confidence, int MinCases);

/// <summary>What the evidence says.</summary>
/// <param name="Phase">Passed, Failed, Inconclusive or Error.</param>
/// <param name="Reason">One stable word.</param>
/// <param name="Message">For people: value and threshold.</param>
/// <param name="Score">The share of cases that passed; null where nothing was measured.</param>
/// <param name="Lower">One-sided lower bound of the pass rate.</param>
/// <param name="Upper">One-sided upper bound of the pass rate.</param>
public sealed record VerdictResult(EvalPhase Phase, string Reason, string Message, double? Score, double? Lower, double? Upper)
{
    /// <summary>The first fault of a case, in the tool's words, for those who may see the held-out set: it may quote a question or an answer.</summary>
    public string? Fault { get; init; }
}

/// <summary>From counts and a bar to a verdict. Pure: the same report always gets the same verdict, and nothing but full evidence passes.</summary>
public static class Verdict
{
    /// <summary>Decides.</summary>
    public static VerdictResult Decide(RunnerReport report, Thresholds bar)
    {
        if (report.Error is { } error)
            return new VerdictResult(EvalPhase.Error, EvalReasons.RunnerFailed, error, null, null, null);
        if (report.Cases <= 0)
            return new VerdictResult(EvalPhase.Error, EvalReasons.NoCases, "the suite has no cases: an empty measurement is not a pass", null, null, null);
        if (bar is not { MinScore: >= 0 and <= 1, Confidence: >= 0.5 and < 1 })
            return new VerdictResult(EvalPhase.Error, EvalReasons.InvalidThresholds, Text($"minScore {bar.MinScore} and confidence {bar.Confidence} are no bar"), null, null, null);
        if (report.Passed < 0 || report.Failed < 0 || report.Errored < 0 || (long)report.Passed + report.Failed + report.Errored != report.Cases
            || report.CriticalFailed < 0 || report.CriticalFailed > (long)report.Failed + report.Errored)
        {
            return new VerdictResult(EvalPhase.Error, EvalReasons.CountsDisagree,
                Text($"{report.Cases} cases, but {report.Passed} passed, {report.Failed} failed and {report.Errored} errored, {report.CriticalFailed} critical"), null, null, null);
        }
        if (report.Errored > 0)
        {
            var fault = report.FirstFault is null ? string.Empty : $"; first fault: {report.FirstFault}";
            return new VerdictResult(EvalPhase.Error, EvalReasons.CasesErrored, Text($"{report.Errored} of {report.Cases} cases could not be measured{fault}"), null, null, null);
        }

        var score = (double)report.Passed / report.Cases;
        var (lower, upper) = Wilson.Bounds(report.Passed, report.Cases, bar.Confidence);
        VerdictResult Result(EvalPhase phase, string reason, string message) => new(phase, reason, message, score, lower, upper);

        if (report.CriticalFailed > 0)
            return Result(EvalPhase.Failed, EvalReasons.CriticalCaseFailed, Text($"{report.CriticalFailed} critical case(s) failed; score {score:0.000}{Failing(report)}"));
        if (report.Cases < bar.MinCases)
            return Result(EvalPhase.Inconclusive, EvalReasons.TooFewCases, Text($"{report.Cases} cases, at least {bar.MinCases} are needed; score {score:0.000}"));
        if (lower >= bar.MinScore)
            return Result(EvalPhase.Passed, EvalReasons.ScoreCleared, Text($"score {score:0.000} over {report.Cases} cases; lower bound {lower:0.000} ≥ {bar.MinScore:0.000}"));
        if (upper < bar.MinScore)
        {
            return Result(EvalPhase.Failed, EvalReasons.ScoreTooLow,
                Text($"score {score:0.000} over {report.Cases} cases; upper bound {upper:0.000} < {bar.MinScore:0.000}{Failing(report)}"));
        }
        return Result(EvalPhase.Inconclusive, EvalReasons.BoundsStraddle,
            Text($"score {score:0.000} over {report.Cases} cases; the bounds {lower:0.000} to {upper:0.000} hold {bar.MinScore:0.000}: more cases are needed{Failing(report)}"));
    }

    private static string Failing(RunnerReport report) => report.Failing.Count == 0 ? string.Empty : $"; failing: {string.Join(", ", report.Failing.Take(8))}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
