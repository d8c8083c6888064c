using AgentReadiness.Api.Resources;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace AgentReadiness.Evals.Tests;

/// <summary>
/// What the verdict promises, tried on agents whose true score is known: of those at the bar or below, no more than 1 − confidence pass;
/// of those above it, no more fail. The seeds are fixed. The tables of docs/evals.md come from here.
/// </summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    private const int Agents = 2000;
    private const double Confidence = 0.95;

    // Wilson's interval holds 95 % on average and not for every pair of bar and number of cases; the exact test below has its worst
    // values. To that comes the noise of 2,000 agents, three standard errors.
    private const double Promise = 1 - Confidence;
    private static readonly double Noise = 3 * Math.Sqrt(Promise * (1 - Promise) / Agents);

    // How far Wilson's upper bound is off, at these numbers of cases, for an agent that is exactly at the bar; again, see the exact test.
    private const double WilsonExcess = 0.026;

    [Theory]
    [InlineData(0.8, 50)]
    [InlineData(0.8, 200)]
    [InlineData(0.9, 50)]
    [InlineData(0.9, 100)]
    [InlineData(0.9, 500)]
    [InlineData(0.95, 200)]
    public void PassAndFail(double bar, int cases)
    {
        var random = new Random(20_251);
        double[] Agent(double rate) => [.. Enumerable.Range(0, cases).Select(_ => random.NextDouble() < rate ? 1.0 : 0.0)];
        Check("pass/fail", bar, cases, Agent);
    }

    // Three kinds of graded scores: in steps, spread out, and the worst there is, nearly all full marks and seldom none.
    [Theory]
    [InlineData("steps", 0.8, 30)]
    [InlineData("steps", 0.8, 200)]
    [InlineData("spread", 0.8, 30)]
    [InlineData("spread", 0.8, 200)]
    [InlineData("rare", 0.9, 30)]
    [InlineData("rare", 0.9, 200)]
    public void Graded(string kind, double bar, int cases)
    {
        var random = new Random(20_252);
        double Score(double mean) => kind switch
        {
            // 0, ½ and 1, with ½ three times in ten.
            "steps" => random.NextDouble() < 0.3 ? 0.5 : random.NextDouble() < (mean - 0.15) / 0.7 ? 1 : 0,
            // The power of a uniform number: x^k has the mean 1 / (k + 1).
            "spread" => Math.Pow(random.NextDouble(), (1 / mean) - 1),
            // Never quite full marks, or the scores would be passes and failures.
            _ => random.NextDouble() < mean / 0.999 ? 0.999 : 0,
        };
        Check(kind, bar, cases, mean => [.. Enumerable.Range(0, cases).Select(_ => Score(mean))]);
    }

    private void Check(string kind, double bar, int cases, Func<double, double[]> agent)
    {
        var thresholds = new ResultsBar(new Thresholds(bar, Confidence, 10));
        (double Passed, double Failed) Rates(double rate)
        {
            var phases = Enumerable.Range(0, Agents).Select(_ => ResultsVerdict.Decide(ResultsFiles.Scores(agent(rate)), thresholds).Phase).ToList();
            return (phases.Count(phase => phase == EvalPhase.Passed) / (double)Agents, phases.Count(phase => phase == EvalPhase.Failed) / (double)Agents);
        }
        var (below, at, above) = (Rates(bar - 0.05), Rates(bar), Rates(bar + 0.04));
        output.WriteLine(FormattableString.Invariant($"| {kind} | {bar:0.00} | {cases} | {below.Passed:0.000} | {at.Passed:0.000} | {at.Failed:0.000} | {above.Failed:0.000} | {below.Failed:0.000} | {above.Passed:0.000} |"));
        at.Passed.ShouldBeLessThanOrEqualTo(Promise + Noise);
        at.Failed.ShouldBeLessThanOrEqualTo(Promise + Noise + (kind == "pass/fail" ? WilsonExcess : 0));
        below.Passed.ShouldBeLessThanOrEqualTo(Promise / 2);
        above.Failed.ShouldBeLessThanOrEqualTo(Promise / 2);
        // A gate that never decides would pass all of the above.
        if (cases >= 200)
            (below.Failed + above.Passed).ShouldBeGreaterThan(0.5);
    }

    // Repeats of the same cases, looked at up to five times and stopped at the first look that decides. Each case has a chance of its own
    // to pass, so that the looks are correlated; the agent's score is the mean over the cases that could have been drawn.
    [Theory]
    [InlineData(0.8, 100)]
    [InlineData(0.9, 100)]
    public void FiveLooksAtRepeatsPromiseNoLess(double bar, int cases)
    {
        var random = new Random(20_254);
        var looks = new ResultsBar(new Thresholds(bar, Confidence, 10)) { Looks = 5 };
        var (passed, failed) = (0, 0);
        for (var agent = 0; agent < Agents; agent++)
        {
            double[] rates = [.. Enumerable.Range(0, cases).Select(_ => Math.Pow(random.NextDouble(), (1 / bar) - 1))];
            var good = new double[cases];
            var phase = EvalPhase.Inconclusive;
            for (var look = 1; look <= looks.Looks && phase == EvalPhase.Inconclusive; look++)
            {
                for (var i = 0; i < cases; i++)
                    good[i] += random.NextDouble() < rates[i] ? 1 : 0;
                phase = ResultsVerdict.Decide(ResultsFiles.Scores([.. good.Select(count => count / look)]), looks).Phase;
            }
            passed += phase == EvalPhase.Passed ? 1 : 0;
            failed += phase == EvalPhase.Failed ? 1 : 0;
        }
        output.WriteLine(FormattableString.Invariant($"| {bar:0.00} | {cases} | {passed / (double)Agents:0.0000} | {failed / (double)Agents:0.0000} |"));
        (passed / (double)Agents).ShouldBeLessThanOrEqualTo(Promise + Noise);
        (failed / (double)Agents).ShouldBeLessThanOrEqualTo(Promise + Noise);
    }

    // No simulation: sums of the binomial distribution for every number of cases.
    [Theory]
    [InlineData(0.8)]
    [InlineData(0.9)]
    [InlineData(0.95)]
    public void TheExactRatesOfAnAgentAtTheBar(double bar)
    {
        var rates = Enumerable.Range(20, 481).Select(cases => (Cases: cases, Rates: Exact(bar, cases))).ToList();
        var (promoted, blocked) = (rates.MaxBy(one => one.Rates.Passed), rates.MaxBy(one => one.Rates.Failed));
        var mean = (Passed: rates.Average(one => one.Rates.Passed), Failed: rates.Average(one => one.Rates.Failed));
        output.WriteLine(FormattableString.Invariant($"| {bar:0.00} | {mean.Passed:0.000} | {promoted.Rates.Passed:0.000} at {promoted.Cases} | {mean.Failed:0.000} | {blocked.Rates.Failed:0.000} at {blocked.Cases} |"));
        mean.Passed.ShouldBeLessThanOrEqualTo(Promise);
        promoted.Rates.Passed.ShouldBeLessThan(0.072);
        mean.Failed.ShouldBeLessThan(0.06);
        blocked.Rates.Failed.ShouldBeLessThan(0.117);
    }

    private static (double Passed, double Failed) Exact(double bar, int cases)
    {
        var (passed, failed, term) = (0.0, 0.0, Math.Pow(bar, cases));
        for (var good = cases; good >= 0; good--)
        {
            var (lower, upper) = Wilson.Bounds(good, cases, Confidence);
            passed += lower >= bar ? term : 0;
            failed += upper < bar ? term : 0;
            term *= good / (cases - good + 1.0) * (1 - bar) / bar;
        }
        return (passed, failed);
    }

    [Fact]
    public void ARevisionThatIsAsGoodIsSeldomBlockedAndAWorseOneOften()
    {
        var random = new Random(20_253);
        var bar = new ResultsBar(new Thresholds(0, Confidence, 10));
        double Blocked(double fall)
        {
            var blocked = 0;
            for (var agent = 0; agent < Agents / 2; agent++)
            {
                // Cases differ in how hard they are, and both revisions meet the same ones.
                var rates = Enumerable.Range(0, 200).Select(_ => 0.8 + (0.2 * random.NextDouble())).ToList();
                var before = ResultsFiles.Scores([.. rates.Select(rate => random.NextDouble() < rate ? 1.0 : 0)]);
                var now = ResultsFiles.Scores([.. rates.Select(rate => random.NextDouble() < rate - fall ? 1.0 : 0)]);
                blocked += ResultsVerdict.Decide(now, bar, before).Reason == EvalReasons.Regressed ? 1 : 0;
            }
            return blocked / (Agents / 2.0);
        }
        var (same, worse) = (Blocked(0), Blocked(0.1));
        output.WriteLine(FormattableString.Invariant($"| {same:0.000} | {worse:0.000} |"));
        same.ShouldBeLessThanOrEqualTo(Promise + Noise);
        worse.ShouldBeGreaterThan(0.8);
    }
}
