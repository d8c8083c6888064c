namespace AgentReadiness.Evals.Tests;

/// <summary>The statistics against values that others published.</summary>
public sealed class GradedAndPairedTests
{
    // Table of Student's t in any textbook, for example NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
    [Theory]
    [InlineData(0.95, 1, 6.314)]
    [InlineData(0.95, 9, 1.833)]
    [InlineData(0.975, 14, 2.145)]
    [InlineData(0.99, 30, 2.457)]
    [InlineData(0.95, 100, 1.660)]
    public void TheQuantileAgreesWithTheTableOfNist(double confidence, int degrees, double t) =>
        GradedInterval.Quantile(confidence, degrees).ShouldBe(t, 0.0005);

    // 8 successes of 10, two-sided 95 %: 0.4794 to 0.9541 is what the R package binom prints for binom.confint(8, 10, methods = "ac").
    // The t quantile of 9 degrees stands in the place of z, so the half width grows by 2.262157 / 1.959964.
    [Fact]
    public void TheLowerBoundOfManySuccessesIsAgrestiAndCoulls()
    {
        const double Centre = (0.4793905 + 0.9541460) / 2;
        const double Half = (0.9541460 - 0.4793905) / 2;
        GradedInterval.Bounds([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], 0.975).Lower.ShouldBe(Centre - (Half * 2.262157 / 1.959964), 0.0001);
    }

    // The ten differences of hours of sleep in Student's paper of 1908, R's data set "sleep"; t.test() gives 0.7001142 to 2.4598858 for
    // their mean. Here in units of five hours.
    [Fact]
    public void TheOtherSideIsStudents()
    {
        double[] hours = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        GradedInterval.Bounds([.. hours.Select(hour => hour / 5)], 0.975).Lower.ShouldBe(0.7001142 / 5, 1e-7);
        GradedInterval.Bounds([.. hours.Select(hour => 1 - (hour / 5))], 0.975).Upper.ShouldBe(1 - (0.7001142 / 5), 1e-7);
    }

    [Fact]
    public void ScoresWithoutSpreadProveNothingByThemselves()
    {
        GradedInterval.Bounds([.. Enumerable.Repeat(1.0, 20)], 0.95).Lower.ShouldBeInRange(0.7, 0.95);
        GradedInterval.Bounds([.. Enumerable.Repeat(1.0, 20)], 0.95).Upper.ShouldBe(1);
    }

    [Fact]
    public void LessSpreadNarrowsAndMirrorsHold()
    {
        double[] narrow = [.. Enumerable.Range(0, 50).Select(i => i % 2 == 0 ? 0.75 : 0.85)];
        double[] wide = [.. Enumerable.Range(0, 50).Select(i => i % 5 == 0 ? 0.0 : 1.0)];
        GradedInterval.Bounds(narrow, 0.95).Lower.ShouldBeGreaterThan(GradedInterval.Bounds(wide, 0.95).Lower + 0.03);
        var (lower, upper) = GradedInterval.Bounds(narrow, 0.95);
        var mirrored = GradedInterval.Bounds([.. narrow.Select(score => 1 - score)], 0.95);
        (1 - mirrored.Upper).ShouldBe(lower, 1e-12);
        (1 - mirrored.Lower).ShouldBe(upper, 1e-12);
    }

    [Theory]
    [InlineData(1, 0.95)]
    [InlineData(5, 0.4)]
    [InlineData(5, 1)]
    [InlineData(5, double.NaN)]
    public void RefusesWhatIsNoSample(int count, double confidence) =>
        Should.Throw<ArgumentOutOfRangeException>(() => GradedInterval.Bounds([.. Enumerable.Repeat(0.5, count)], confidence));

    // Binomial tails with p = 1/2, from any table: 15 of 20 or more 0.0207, 9 of 10 or more 0.0107, 5 of 5 0.03125; and the two-sided
    // exact p of 0.0192 for 4 and 14 discordant pairs, half of it: 0.0154 + … as sums of binomial coefficients, 4048 / 2^18.
    [Theory]
    [InlineData(15, 5, 0.020694732666015625)]
    [InlineData(9, 1, 0.0107421875)]
    [InlineData(5, 0, 0.03125)]
    [InlineData(14, 4, 0.01544189453125)]
    [InlineData(3, 3, 0.65625)]
    [InlineData(0, 7, 1)]
    [InlineData(0, 0, 1)]
    public void McNemarIsABinomialTail(int worse, int better, double p) => PairedTest.McNemar(worse, better).ShouldBe(p, 1e-12);

    // Darwin's maize, Fisher, The Design of Experiments, section 21: of 2^15 swaps, 863 reach the sum of 314 eighths of an inch.
    private static readonly double[] Maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];

    [Fact]
    public void TheRandomisationTestFindsFishersNumber() => PairedTest.Randomisation(Maize, default).ShouldBe(863 / 32768.0, 1e-15);

    [Fact]
    public void DrawnSwapsComeNearAllSwapsAndNeverDiffer()
    {
        // Two pairs more than can be tried at once; the exact value is from all 2^17 swaps.
        double[] drops = [.. Maize, 20, -20];
        var p = PairedTest.Randomisation(drops, [1, 2, 3]);
        p.ShouldBe(Exact(drops), 0.004);
        PairedTest.Randomisation(drops, [1, 2, 3]).ShouldBe(p);
        Enumerable.Range(0, 8).Select(seed => PairedTest.Randomisation(drops, [(byte)seed])).Distinct().Count().ShouldBeGreaterThan(4);
    }

    [Fact]
    public void OnPassesAndFailuresItIsMcNemars()
    {
        double[] drops = [1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 0, 0, 0];
        PairedTest.Randomisation(drops, default).ShouldBe(PairedTest.McNemar(9, 1), 1e-15);
        PairedTest.Randomisation([0.1, 0.2, -0.3], default).ShouldBe(1);
        PairedTest.Randomisation([], default).ShouldBe(1);
    }

    private static double Exact(double[] drops)
    {
        var reached = 0;
        for (var swaps = 0; swaps < 1 << drops.Length; swaps++)
        {
            var sum = drops.Select((drop, i) => (swaps >> i & 1) == 0 ? drop : -drop).Sum();
            reached += sum >= drops.Sum() ? 1 : 0;
        }
        return (double)reached / (1 << drops.Length);
    }
}
