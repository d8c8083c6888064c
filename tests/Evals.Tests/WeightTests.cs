using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

public sealed class WeightTests
{
    private static readonly ResultsBar Bar = new(new Thresholds(0.9, 0.95, 10));

    private static EvalResults Weighted(double[] scores, Func<int, double> weight)
    {
        var results = ResultsFiles.Scores(scores);
        return results with { Cases = [.. results.Cases.Select((one, i) => one with { Weight = weight(i) })] };
    }

    // L. Kish, Survey Sampling, section 11.7: the loss is 1 + the squared coefficient of variation of the weights. Of 1 and 3 in equal
    // parts: mean 2, variance 1, so that 100 cases are worth 100 / 1.25.
    [Fact]
    public void TheEffectiveSizeIsKishs()
    {
        GradedInterval.EffectiveSize([.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 1.0 : 3.0)]).ShouldBe(80, 1e-12);
        GradedInterval.EffectiveSize([.. Enumerable.Repeat(7.0, 12)]).ShouldBe(12);
        GradedInterval.EffectiveSize([1e300, 1e-300]).ShouldBe(1);
        GradedInterval.EffectiveSize([5]).ShouldBe(1);
    }

    [Fact]
    public void EqualWeightsChangeNothingToTheLastBit()
    {
        var random = new Random(1);
        foreach (
            var scores in new double[][]
            {
                [.. Enumerable.Range(0, 70).Select(_ => random.NextDouble())],
                [.. Enumerable.Range(0, 70).Select(i => i % 9 == 0 ? 0.0 : 1)],
            }
        )
        {
            var before = ResultsFiles.Scores([.. scores.Select(score => Math.Min(1, score + 0.1))]);
            ResultsVerdict
                .Decide(Weighted(scores, _ => 0.3), Bar, before)
                .ShouldBe(ResultsVerdict.Decide(ResultsFiles.Scores(scores), Bar, before));
        }
    }

    [Fact]
    public void NearlyEqualWeightsChangeNearlyNothing()
    {
        double[] scores = [.. Enumerable.Range(0, 50).Select(i => 0.5 + (0.01 * i))];
        var (lower, upper) = GradedInterval.Bounds(scores, 0.95);
        var weighted = GradedInterval.Bounds(scores, [.. scores.Select((_, i) => 1 + (1e-7 * i))], 0.95);
        weighted.Lower.ShouldBe(lower, 1e-6);
        weighted.Upper.ShouldBe(upper, 1e-6);
        var scaled = GradedInterval.Bounds(scores, [.. scores.Select((_, i) => 1000 * (1 + (1e-7 * i)))], 0.95);
        scaled.Lower.ShouldBe(weighted.Lower, 1e-12);
    }

    // By hand, at a confidence of 0.95: scores 1, 0, 1, 0 with weights 3, 1, 1, 1. Σw = 6, Σw² = 12, n = 3; m = 4/6, Σu(x − m)² = 3 · 2/9,
    // Student's error √((2/3) / 2 / 3) = 1/3, t with 2 degrees 2.919986. So 0.6667 − 0.9733 is below 0; the other interval is narrower.
    [Fact]
    public void TheFormulaByHand()
    {
        var (lower, upper) = GradedInterval.Bounds([1, 0, 1, 0], [3, 1, 1, 1], 0.95);
        (lower, upper).ShouldBe((0, 1));
        // At 0.6, t is 0.288675 and z² 0.0641848: m̃ = (3 · 2/3 + 0.0320924) / 3.0641848, which is nearer to a half.
        var low = GradedInterval.Bounds([1, 0, 1, 0], [3, 1, 1, 1], 0.6);
        low.Lower.ShouldBe(0.6666667 - (0.288675 / 3), 2e-6);
        low.Upper.ShouldBe(0.6666667 + (0.288675 / 3), 2e-6);
    }

    [Fact]
    public void HeavyCasesDecideTheMeanAndLessIsKnown()
    {
        double[] scores = [.. Enumerable.Repeat(1.0, 150), .. Enumerable.Repeat(0.0, 10)];
        ResultsVerdict.Decide(ResultsFiles.Scores(scores), Bar).Score!.Value.ShouldBe(0.9375);
        var heavy = ResultsVerdict.Decide(Weighted(scores, i => scores[i] == 0 ? 10 : 1), Bar);
        heavy.Score!.Value.ShouldBe(150.0 / 250, 1e-12);
        heavy.Reason.ShouldBe("ScoreTooLow");
        var light = ResultsVerdict.Decide(Weighted(scores, i => scores[i] == 0 ? 0.1 : 1), Bar);
        (light.Phase, light.Score!.Value > 0.99).ShouldBe((EvalPhase.Passed, true));
    }

    [Fact]
    public void FullMarksNeverProveOneAndOneHeavyCaseProvesNothing()
    {
        double[] ones = [.. Enumerable.Repeat(1.0, 40)];
        var verdict = ResultsVerdict.Decide(Weighted(ones, i => 1 + (i % 2)), Bar);
        verdict.Score.ShouldBe(1);
        verdict.Upper.ShouldBe(1);
        verdict.Lower!.Value.ShouldBeInRange(0.85, 0.96);
        // Fewer effective cases, so less than the same without weights.
        verdict.Lower.Value.ShouldBeLessThan(GradedInterval.Bounds(ones, 0.95).Lower);
        var alone = ResultsVerdict.Decide(Weighted(ones, i => i == 0 ? 1e6 : 1), Bar);
        (alone.Lower, alone.Upper, alone.Reason).ShouldBe((0, 1, "BoundsStraddle"));
    }

    [Fact]
    public void ARegressionIsOfWeightedScores()
    {
        // Ten cases of 300 got worse and ten better: without weights nothing fell.
        double[] before = [.. Enumerable.Range(0, 300).Select(i => i < 10 ? 0.0 : 1)];
        double[] now = [.. Enumerable.Range(0, 300).Select(i => i is >= 10 and < 20 ? 0.0 : 1)];
        ResultsVerdict.Decide(ResultsFiles.Scores(now), Bar, ResultsFiles.Scores(before)).Reason.ShouldBe("ScoreCleared");
        var verdict = ResultsVerdict.Decide(
            Weighted(now, i => i is >= 10 and < 20 ? 3 : 1),
            Bar with
            {
                Thresholds = Bar.Thresholds with { MinScore = 0 },
            },
            ResultsFiles.Scores(before)
        );
        verdict.Reason.ShouldBe("Regressed");
        // (310 − 290) / 320 of Σw: 0.969 before, 0.906 now.
        verdict.Message.ShouldContain("score 0.906 after 0.969");
        verdict.Message.ShouldContain("0.063 worse");
        // One case that outweighs all is one case that got worse: its coin falls either way.
        ResultsVerdict
            .Decide(Weighted(now, i => i == 10 ? 1000 : 1), new ResultsBar(new Thresholds(0, 0.95, 10)), ResultsFiles.Scores(before))
            .Reason.ShouldBe("ScoreCleared");
    }

    [Fact]
    public void TheNativeFormatHasWeights()
    {
        static string Native(string weight, string other = "") =>
            $$"""{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "a", "passed": true, "repeat": 1{{weight}}}, """
            + $$"""{"id": "a", "passed": true, "repeat": 2{{other}}}]}""";
        ResultsFiles.Read(Native("")).Cases.Single().Weight.ShouldBe(1);
        ResultsFiles.Read(Native(", \"weight\": 2.5", ", \"weight\": 2.5")).Cases.Single().Weight.ShouldBe(2.5);
        ResultsFiles.Read(Native(", \"weight\": null", ", \"weight\": 1")).Cases.Single().Weight.ShouldBe(1);
        ResultsFiles.Read(Native(", \"weight\": 2")).Problems.Single().Reason.ShouldBe("CountsDisagree");
        foreach (var weight in new[] { "0", "-1", "NaN", "1e999", "1e-300", "1e7", "\"2\"", "true", "{}" })
            ResultsFiles
                .Read(Native($", \"weight\": {weight}", $", \"weight\": {weight}"))
                .Problems.Single()
                .Reason.ShouldBe("ScoreInvalid", weight);
    }

    [Fact]
    public void WhatAlwaysFailsIsNamedInAPass()
    {
        double[] scores = [.. Enumerable.Repeat(1.0, 200), 0.0];
        var verdict = ResultsVerdict.Decide(ResultsFiles.Scores(scores), Bar);
        verdict.Phase.ShouldBe(EvalPhase.Passed);
        verdict.Message.ShouldEndWith(string.Create(CultureInfo.InvariantCulture, $"; failing: c{200:00000}"));
        ResultsVerdict.Decide(ResultsFiles.PassFail(200, 0), Bar).Message.ShouldNotContain("failing");
    }

    [Theory]
    [InlineData(new[] { 1.0 }, 0.95)]
    [InlineData(new[] { 1.0, 0 }, 0.95)]
    [InlineData(new[] { 1.0, double.NaN }, 0.95)]
    [InlineData(new[] { 1.0, 1 }, 1)]
    public void RefusesWhatIsNoWeight(double[] weights, double confidence) =>
        Should.Throw<ArgumentOutOfRangeException>(() => GradedInterval.Bounds([0.5, 0.6], weights, confidence));
}
