using System.Globalization;
using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals;

/// <summary>The bar for a results file.</summary>
/// <param name="Thresholds">minScore, confidence and minCases.</param>
public sealed record ResultsBar(Thresholds Thresholds)
{
    /// <summary>Every case with one of these tags must pass every repeat.</summary>
    public IReadOnlyCollection<string> CriticalTags { get; init; } = [];

    /// <summary>How far the score may fall below the baseline's, 0 to 1.</summary>
    public double MaxRegression { get; init; }

    /// <summary>
    /// How many times the growing results may be looked at, at least 1; the error is split evenly over the looks (Bonferroni), so that
    /// stopping at the first one that decides is no cheaper proof than waiting for the last.
    /// </summary>
    public int Looks { get; init; } = 1;

    /// <summary>The confidence of each look.</summary>
    public double LookConfidence => 1 - ((1 - Thresholds.Confidence) / Math.Max(1, Looks));
}

/// <summary>
/// From the cases of a results file and a bar to a verdict. Pure, and independent of the order of the file. Where every score is 0 or 1
/// and all weights are equal the bounds are <see cref="Wilson"/>'s, else <see cref="GradedInterval"/>'s; the number of cases counts, not
/// that of repeats.
/// </summary>
public static class ResultsVerdict
{
    private const int Named = 8;

    /// <summary>Decides.</summary>
    /// <param name="results">The candidate's.</param>
    /// <param name="bar">What is to be reached.</param>
    /// <param name="baseline">Results of what serves now, on the same cases; null for no comparison.</param>
    public static VerdictResult Decide(EvalResults results, ResultsBar bar, EvalResults? baseline = null)
    {
        var (minScore, confidence, minCases) = bar.Thresholds;
        if (minScore is not (>= 0 and <= 1) || confidence is not (>= 0.5 and < 1) || bar.MaxRegression is not (>= 0 and <= 1))
            return Error(
                EvalReasons.InvalidThresholds,
                Text($"minScore {minScore}, confidence {confidence} and maxRegression {bar.MaxRegression} are no bar")
            );
        if (results.Problems is [var problem, ..])
            return Error(problem.Reason, problem.Message);
        var errored = results.Cases.Where(one => one.Outcome == CaseOutcome.Errored).ToList();
        if (errored.Count > 0)
        {
            return Error(
                EvalReasons.CasesErrored,
                Text($"{errored.Count} of {results.Cases.Count} cases could not be measured, the first one is {errored[0].Id}")
            ) with
            {
                Fault = $"{errored[0].Id}: {errored[0].Fault}",
            };
        }
        // By ID, whatever built the results: a sum depends on its order.
        var measured = Measured(results).OrderBy(one => one.Id, StringComparer.Ordinal).ToList();
        if (measured.Count == 0)
            return Error(
                EvalReasons.NoCases,
                Text($"no case was measured, {results.Cases.Count} were skipped{Omission(results)}: an empty measurement is not a pass")
            );
        if (baseline?.Problems is [var unusable, ..])
            return Error(EvalReasons.BaselineUnusable, $"the baseline: {unusable.Message} ({unusable.Reason})");
        foreach (var tag in bar.CriticalTags)
        {
            if (!results.Cases.Any(one => one.Tags.Contains(tag)))
                return Error(EvalReasons.CriticalTagUnknown, $"no case has the critical tag \"{tag}\": it would guard nothing");
        }

        var score = Mean(measured, measured, one => one.Score);
        var (lower, upper) = Bounds(measured, bar.LookConfidence);
        VerdictResult Result(EvalPhase phase, string reason, string message) => new(phase, reason, message, score, lower, upper);

        var critical = results.Cases.Where(one => one.Outcome != CaseOutcome.Passed && one.Tags.Any(bar.CriticalTags.Contains)).ToList();
        if (critical.Count > 0)
            return Result(
                EvalPhase.Failed,
                EvalReasons.CriticalCaseFailed,
                Text($"{critical.Count} critical case(s) did not pass; score {score:0.000}{Names(critical)}")
            );
        if (measured.Count < minCases)
            return Result(
                EvalPhase.Inconclusive,
                EvalReasons.TooFewCases,
                Text($"{measured.Count} cases, at least {minCases} are needed; score {score:0.000}")
            );
        var failing = Failing(results, bar);
        if (upper < minScore)
            return Result(
                EvalPhase.Failed,
                EvalReasons.ScoreTooLow,
                Text($"score {score:0.000} over {measured.Count} cases; upper bound {upper:0.000} < {minScore:0.000}{Names(failing)}")
            );
        if (baseline is not null && Compare(measured, baseline, bar) is { } worse)
            return Result(worse.Phase, worse.Reason, worse.Message);
        if (lower >= minScore)
            return Result(
                EvalPhase.Passed,
                EvalReasons.ScoreCleared,
                Text($"score {score:0.000} over {measured.Count} cases; lower bound {lower:0.000} ≥ {minScore:0.000}{Names(failing)}")
            );
        return Result(
            EvalPhase.Inconclusive,
            EvalReasons.BoundsStraddle,
            string.Create(
                CultureInfo.InvariantCulture,
                $"score {score:0.000} over {measured.Count} cases; the bounds {lower:0.000} to {upper:0.000} hold {minScore:0.000}: more "
                    + $"cases are needed{Names(failing)}"
            )
        );
    }

    /// <summary>
    /// The cases that did not pass: critical ones first, then errored ones, then by score and ID. Skipped ones only where critical.
    /// </summary>
    public static IReadOnlyList<MeasuredCase> Failing(EvalResults results, ResultsBar bar)
    {
        bool Critical(MeasuredCase one) => one.Tags.Any(bar.CriticalTags.Contains);
        return
        [
            .. results
                .Cases.Where(one =>
                    one.Outcome is CaseOutcome.Failed or CaseOutcome.Errored || (one.Outcome == CaseOutcome.Skipped && Critical(one))
                )
                .OrderByDescending(Critical)
                .ThenByDescending(one => one.Outcome == CaseOutcome.Errored)
                .ThenBy(one => one.Score)
                .ThenBy(one => one.Id, StringComparer.Ordinal),
        ];
    }

    private static (double Lower, double Upper) Bounds(List<MeasuredCase> measured, double confidence)
    {
        if (!AlikeIn(measured))
            return GradedInterval.Bounds([.. measured.Select(one => one.Score)], [.. measured.Select(one => one.Weight)], confidence);
        if (measured.TrueForAll(IsPassOrFail))
            return Wilson.Bounds(measured.Count(one => one.Score == 1), measured.Count, confidence);
        // One graded score says nothing of its spread.
        return measured.Count < 2 ? (0, 1) : GradedInterval.Bounds([.. measured.Select(one => one.Score)], confidence);
    }

    // Null where nothing speaks against the candidate.
    private static (EvalPhase Phase, string Reason, string Message)? Compare(
        List<MeasuredCase> measured,
        EvalResults baseline,
        ResultsBar bar
    )
    {
        var before = Measured(baseline).ToDictionary(one => one.Id, StringComparer.Ordinal);
        var pairs = measured.Where(one => before.ContainsKey(one.Id)).Select(one => (Now: one, Before: before[one.Id])).ToList();
        // A sample has fewer cases than the suite asks for: half of it must still be there.
        var needed = Math.Max(
            1,
            baseline.SampledFrom is null ? bar.Thresholds.MinCases : Math.Min(bar.Thresholds.MinCases, (before.Count + 1) / 2)
        );
        if (pairs.Count < needed)
        {
            return (
                EvalPhase.Inconclusive,
                EvalReasons.TooFewPairs,
                Text($"{pairs.Count} cases are measured here and in the baseline's {before.Count}, at least {needed} are needed")
            );
        }
        // The weights are those of the newer results: a weight says what a case matters, and that is today's opinion.
        var current = pairs.ConvertAll(pair => pair.Now);
        var (was, now) = (Mean(pairs, current, pair => pair.Before.Score), Mean(pairs, current, pair => pair.Now.Score));
        var alike = AlikeIn(current);
        // Not by the last bit of a sum: 0.9 less 0.8 is more than 0.1.
        if (was - now <= bar.MaxRegression + 1e-12)
            return null;
        var p =
            alike && pairs.TrueForAll(pair => IsPassOrFail(pair.Now) && IsPassOrFail(pair.Before))
                ? PairedTest.McNemar(
                    pairs.Count(pair => pair.Before.Score > pair.Now.Score),
                    pairs.Count(pair => pair.Before.Score < pair.Now.Score)
                )
                : PairedTest.Randomisation(
                    [.. pairs.Select(pair => (alike ? 1 : pair.Now.Weight) * (pair.Before.Score - pair.Now.Score))],
                    [.. PairedTest.Digest(pairs.Select(pair => pair.Now)), .. PairedTest.Digest(pairs.Select(pair => pair.Before))]
                );
        var alpha = 1 - bar.LookConfidence;
        if (p > alpha + 1e-12)
            return null;
        var worst = pairs
            .Where(pair => pair.Now.Score < pair.Before.Score)
            .OrderBy(pair => pair.Now.Score - pair.Before.Score)
            .Select(pair => pair.Now)
            .ToList();
        return (
            EvalPhase.Failed,
            EvalReasons.Regressed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"score {now:0.000} after {was:0.000} over {pairs.Count} common cases{Sampled(baseline)}: {was - now:0.000} worse, "
                    + $"{bar.MaxRegression:0.000} are allowed; p = {p:0.0000} ≤ {alpha:0.0000}{Names(worst)}"
            )
        );
    }

    // Where nothing was asserted, whoever wrote the suite should read so.
    private static string Omission(EvalResults results) =>
        results.Cases.FirstOrDefault(one => one.Fault is not null) is { } first ? $" ({first.Id}: {first.Fault})" : string.Empty;

    private static string Sampled(EvalResults baseline) =>
        baseline.SampledFrom is { } all ? Text($", from a sample of {baseline.Cases.Count} of the baseline's {all},") : string.Empty;

    // Without weights as it always was, to the last bit.
    private static double Mean<T>(List<T> items, List<MeasuredCase> cases, Func<T, double> score) =>
        AlikeIn(cases)
            ? items.Sum(score) / items.Count
            : Math.Clamp(items.Select((one, i) => cases[i].Weight * score(one)).Sum() / cases.Sum(one => one.Weight), 0, 1);

    private static bool AlikeIn(List<MeasuredCase> cases) => cases.TrueForAll(one => one.Weight == cases[0].Weight);

    private static IEnumerable<MeasuredCase> Measured(EvalResults results) =>
        results.Cases.Where(one => one.Outcome is CaseOutcome.Passed or CaseOutcome.Failed);

    private static bool IsPassOrFail(MeasuredCase one) => one.Score is 0 or 1;

    private static string Names(IReadOnlyCollection<MeasuredCase> cases) =>
        cases.Count == 0 ? string.Empty : $"; failing: {string.Join(", ", cases.Take(Named).Select(one => one.Id))}";

    private static VerdictResult Error(string reason, string message) => new(EvalPhase.Error, reason, message, null, null, null);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
