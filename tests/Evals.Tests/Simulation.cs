using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

/// <summary>How the scores of an agent come about; its mean is its true score.</summary>
internal enum Scores
{
    /// <summary>0 or 1.</summary>
    PassFail,

    /// <summary>0, ½ and 1, with ½ three times in ten.</summary>
    Steps,

    /// <summary>Anywhere between 0 and 1.</summary>
    Spread,

    /// <summary>Nearly all nearly full marks and seldom none: the worst there is for Student's interval.</summary>
    Rare,

    /// <summary>Repeats of 0 or 1; each case has its own chance to pass, and they are near each other.</summary>
    RepeatsOfLikeCases,

    /// <summary>Repeats of 0 or 1; most cases always pass, and the others have any chance to.</summary>
    RepeatsOfHardCases,
}

/// <summary>How many of the simulated agents passed and failed, as a share.</summary>
internal sealed record Rates(double Passed, double Failed);

/// <summary>What came of one line: agents that are 0.05 below the bar, at it, and 0.04 above it.</summary>
internal sealed record Tally(Simulation Line, int Agents, Rates Below, Rates At, Rates Above)
{
    // How far Wilson's upper bound is off, at the numbers of cases here, for an agent exactly at the bar; CoverageTests has the exact
    // rates.
    private const double WilsonExcess = 0.026;

    /// <summary>The standard error of a rate.</summary>
    public double Error(double rate) => Math.Sqrt(rate * (1 - rate) / Agents);

    /// <summary>Rates that are higher than the confidence promises and three standard errors of noise; empty where none is.</summary>
    public IEnumerable<string> Excesses()
    {
        const double promise = 1 - Simulation.Confidence;
        var noise = 3 * Error(promise);
        // Where the error is not split, nothing is promised: the line is there to show why it is.
        if (!Line.Split)
            yield break;
        if (At.Passed > promise + noise)
            yield return $"at the bar, passed: {At.Passed}";
        if (At.Failed > promise + noise + (Line.Scores == Scores.PassFail ? WilsonExcess : 0))
            yield return $"at the bar, failed: {At.Failed}";
        if (Below.Passed > promise / 2)
            yield return $"below the bar, passed: {Below.Passed}";
        if (Above.Failed > promise / 2)
            yield return $"above the bar, failed: {Above.Failed}";
        // A gate that never decides would keep all of the above.
        if (Line.Cases >= 200 && Below.Failed + Above.Passed <= 0.5)
            yield return $"hardly ever decided: {Below.Failed} failed below the bar, {Above.Passed} passed above it";
    }
}

/// <summary>
/// One line of the simulation: agents whose true score is known meet the verdict. Only sums, products and comparisons of random
/// numbers, whose bits are the same on every machine; powers and logarithms are not.
/// </summary>
/// <param name="Name">For the table.</param>
/// <param name="Seed">Of the line; the first agents are the same whatever their number.</param>
/// <param name="Split">Whether the verdict knows of the looks and splits the error over them.</param>
internal sealed record Simulation(string Name, Scores Scores, double Bar, int Cases, ulong Seed, bool Split = true)
{
    public const double Confidence = 0.95;

    private const int Repeats = 5;

    private static readonly string[] Ids = [.. Enumerable.Range(0, 500).Select(i => i.ToString("'c'00000", CultureInfo.InvariantCulture))];

    public static IReadOnlyList<Simulation> Lines { get; } =
    [
        new("pass/fail", Scores.PassFail, 0.8, 50, 1),
        new("pass/fail", Scores.PassFail, 0.8, 200, 2),
        new("pass/fail", Scores.PassFail, 0.9, 50, 3),
        new("pass/fail", Scores.PassFail, 0.9, 100, 4),
        new("pass/fail", Scores.PassFail, 0.9, 500, 5),
        new("pass/fail", Scores.PassFail, 0.95, 200, 6),
        new("graded, in steps", Scores.Steps, 0.8, 30, 7),
        new("graded, in steps", Scores.Steps, 0.8, 200, 8),
        new("graded, spread out", Scores.Spread, 0.8, 30, 9),
        new("graded, spread out", Scores.Spread, 0.8, 200, 10),
        new("graded, rarely nothing", Scores.Rare, 0.9, 30, 11),
        new("graded, rarely nothing", Scores.Rare, 0.9, 200, 12),
        new("5 looks, cases alike", Scores.RepeatsOfLikeCases, 0.9, 50, 13),
        new("5 looks, cases alike", Scores.RepeatsOfLikeCases, 0.9, 200, 14),
        new("5 looks, some cases hard", Scores.RepeatsOfHardCases, 0.8, 50, 15),
        new("5 looks, some cases hard", Scores.RepeatsOfHardCases, 0.9, 200, 16),
        new("5 looks, alike, error not split", Scores.RepeatsOfLikeCases, 0.9, 200, 17, Split: false),
    ];

    private bool Sequential => Scores is Scores.RepeatsOfLikeCases or Scores.RepeatsOfHardCases;

    public Tally Run(int agents) => new(this, agents, Try(agents, Bar - 0.05, 0), Try(agents, Bar, 1), Try(agents, Bar + 0.04, 2));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}, {Bar:0.00}, {Cases} cases");

    private Rates Try(int agents, double mean, ulong place)
    {
        var random = new SplitMix64((Seed * 16) + place);
        var bar = new ResultsBar(new Thresholds(Bar, Confidence, 10)) { Looks = Sequential && Split ? Repeats : 1 };
        var (passed, failed) = (0, 0);
        for (var agent = 0; agent < agents; agent++)
        {
            var phase = Sequential
                ? Look(random, mean, bar)
                : Decide([.. Enumerable.Range(0, Cases).Select(_ => Score(random, mean))], 1, bar).Phase;
            passed += phase == EvalPhase.Passed ? 1 : 0;
            failed += phase == EvalPhase.Failed ? 1 : 0;
        }
        return new Rates(passed / (double)agents, failed / (double)agents);
    }

    // A look after each repeat of all cases, as long as more evidence may decide. A case keeps its chance, so the looks hang together.
    private EvalPhase Look(SplitMix64 random, double mean, ResultsBar bar)
    {
        var chances = Enumerable.Range(0, Cases).Select(_ => Chance(random, mean)).ToArray();
        var sums = new double[Cases];
        for (var repeat = 1; ; repeat++)
        {
            for (var i = 0; i < Cases; i++)
                sums[i] += random.NextDouble() < chances[i] ? 1 : 0;
            var verdict = Decide(sums, repeat, bar);
            if (repeat == Repeats || verdict is not { Phase: EvalPhase.Inconclusive, Reason: EvalReasons.BoundsStraddle })
                return verdict.Phase;
        }
    }

    private static VerdictResult Decide(double[] sums, int repeats, ResultsBar bar) =>
        ResultsVerdict.Decide(
            new EvalResults
            {
                Format = ResultFormats.Native,
                Cases =
                [
                    .. sums.Select(
                        (sum, i) =>
                            new MeasuredCase
                            {
                                Id = Ids[i],
                                Score = sum / repeats,
                                Outcome = sum == repeats ? CaseOutcome.Passed : CaseOutcome.Failed,
                                Repeats = repeats,
                            }
                    ),
                ],
            },
            bar
        );

    private double Score(SplitMix64 random, double mean) =>
        Scores switch
        {
            Scores.Steps => random.NextDouble() < 0.3 ? 0.5
            : random.NextDouble() < (mean - 0.15) / 0.7 ? 1
            : 0,
            Scores.Spread => Largest(random, mean),
            // Never quite full marks, or the scores would be passes and failures.
            Scores.Rare => random.NextDouble() < mean / 0.999 ? 0.999 : 0,
            _ => random.NextDouble() < mean ? 1 : 0,
        };

    // The largest of n uniform numbers has the mean n / (n + 1); a mean between two of these is met by choosing n at random.
    private static double Largest(SplitMix64 random, double mean)
    {
        var few = (int)(mean / (1 - mean));
        var (low, high) = (few / (few + 1.0), (few + 1) / (few + 2.0));
        var count = random.NextDouble() < (mean - low) / (high - low) ? few + 1 : few;
        var largest = 0.0;
        for (var i = 0; i < count; i++)
            largest = Math.Max(largest, random.NextDouble());
        return largest;
    }

    private double Chance(SplitMix64 random, double mean) =>
        Scores == Scores.RepeatsOfLikeCases ? 1 - (2 * (1 - mean) * random.NextDouble())
        : random.NextDouble() < 2 * (1 - mean) ? random.NextDouble()
        : 1;
}
