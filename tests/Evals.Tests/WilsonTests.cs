namespace AgentReadiness.Evals.Tests;

public sealed class WilsonTests
{
    // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998) 857–872,
    // table I, method 3. Two-sided 95 % is 97.5 % on each side.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void AgreesWithNewcombe(int successes, int trials, double lower, double upper)
    {
        var bounds = Wilson.Bounds(successes, trials, 0.975);
        bounds.Lower.ShouldBe(lower, 0.00005);
        bounds.Upper.ShouldBe(upper, 0.00005);
    }

    // With no success the upper bound is z² / (n + z²), so it shows the quantile itself.
    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.95, 1.6448536269514722)]
    [InlineData(0.975, 1.959963984540054)]
    [InlineData(0.99, 2.3263478740408408)]
    [InlineData(0.999999, 4.753424308822899)]
    public void UsesTheOneSidedQuantile(double confidence, double z) =>
        Wilson.Bounds(0, 1, confidence).Upper.ShouldBe(z * z / (1 + (z * z)), 1e-13);

    [Fact]
    public void MirrorsFailuresAndSuccesses()
    {
        var few = Wilson.Bounds(3, 40, 0.95);
        var many = Wilson.Bounds(37, 40, 0.95);
        many.Lower.ShouldBe(1 - few.Upper, 1e-12);
        many.Upper.ShouldBe(1 - few.Lower, 1e-12);
    }

    [Fact]
    public void AllOrNothingMakesOneBoundExact()
    {
        Wilson.Bounds(50, 50, 0.95).Upper.ShouldBe(1);
        Wilson.Bounds(0, 50, 0.95).Lower.ShouldBe(0);
        Wilson.Bounds(50, 50, 0.95).Lower.ShouldBe(50 / (50 + 2.705543454095414), 1e-12);
    }

    [Fact]
    public void HigherConfidenceAndFewerTrialsWiden()
    {
        Wilson.Bounds(45, 50, 0.99).Lower.ShouldBeLessThan(Wilson.Bounds(45, 50, 0.95).Lower);
        Wilson.Bounds(9, 10, 0.95).Lower.ShouldBeLessThan(Wilson.Bounds(90, 100, 0.95).Lower);
    }

    [Theory]
    [InlineData(0, 0, 0.95)]
    [InlineData(-1, 5, 0.95)]
    [InlineData(6, 5, 0.95)]
    [InlineData(1, 5, 0)]
    [InlineData(1, 5, 1)]
    [InlineData(1, 5, double.NaN)]
    public void RefusesWhatIsNoProportion(int successes, int trials, double confidence) =>
        Should.Throw<ArgumentOutOfRangeException>(() => Wilson.Bounds(successes, trials, confidence));
}
