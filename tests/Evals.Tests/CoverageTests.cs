namespace AgentReadiness.Evals.Tests;

/// <summary>
/// What the verdict promises, tried on agents whose true score is known: of those at the bar or below, no more than 1 − confidence pass;
/// of those above it, no more fail. The seeds are fixed. `make bench-evals` runs the same lines with more agents for docs/evals.md.
/// </summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    private const int Agents = 2000;
    private const double Confidence = Simulation.Confidence;

    // Wilson's interval holds 95 % on average and not for every pair of bar and number of cases; the exact test below has its worst
    // values. To that comes the noise of 2,000 agents, three standard errors.
    private const double Promise = 1 - Confidence;
    private static readonly double Noise = 3 * Math.Sqrt(Promise * (1 - Promise) / Agents);

    public static TheoryData<int> Lines => [.. Enumerable.Range(0, Simulation.Lines.Count)];

    [Theory]
    [MemberData(nameof(Lines))]
    public void RatesAreNotHigherThanTheConfidencePromises(int line)
    {
        var outcome = Simulation.Lines[line].Run(Agents);
        output.WriteLine($"{outcome}");
        outcome.Excesses().ShouldBeEmpty();
    }

    // The splitting is what keeps the promise: without it the same looks break it, or this test would see nothing.
    [Fact]
    public void LooksThatDoNotSplitTheErrorErrMoreOften()
    {
        var unsplit = Simulation.Lines.Single(line => !line.Split);
        var split = (unsplit with { Split = true }).Run(Agents).At;
        var at = unsplit.Run(Agents).At;
        (at.Passed + at.Failed).ShouldBeGreaterThan(2 * Promise);
        (at.Passed + at.Failed).ShouldBeGreaterThan(2 * (split.Passed + split.Failed));
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
        output.WriteLine(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"| {bar:0.00} | {mean.Passed:0.000} | {promoted.Rates.Passed:0.000} at {promoted.Cases} | {mean.Failed:0.000} | "
                    + $"{blocked.Rates.Failed:0.000} at {blocked.Cases} |"
            )
        );
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
        var random = new SplitMix64(20_253);
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
