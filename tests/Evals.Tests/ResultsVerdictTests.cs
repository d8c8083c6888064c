using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

public sealed class ResultsVerdictTests
{
    private static readonly ResultsBar Bar = new(new Thresholds(0.9, 0.95, 10));

    // The same table as that of the built-in runner's report: two ways to the same verdict.
    [Theory]
    [InlineData(100, 0, EvalPhase.Passed, "ScoreCleared")]
    [InlineData(96, 4, EvalPhase.Passed, "ScoreCleared")]
    [InlineData(94, 6, EvalPhase.Inconclusive, "BoundsStraddle")]
    [InlineData(80, 20, EvalPhase.Failed, "ScoreTooLow")]
    [InlineData(9, 0, EvalPhase.Inconclusive, "TooFewCases")]
    [InlineData(10, 0, EvalPhase.Inconclusive, "BoundsStraddle")]
    public void DecidesAsForTheBuiltInRunner(int passed, int failed, EvalPhase phase, string reason)
    {
        var verdict = ResultsVerdict.Decide(ResultsFiles.PassFail(passed, failed), Bar);
        (verdict.Phase, verdict.Reason).ShouldBe((phase, reason));
        var (lower, upper) = Wilson.Bounds(passed, passed + failed, Bar.Thresholds.Confidence);
        (verdict.Score, verdict.Lower, verdict.Upper).ShouldBe(((double)passed / (passed + failed), lower, upper));
    }

    [Theory]
    [InlineData(double.NaN, 0.95, 0)]
    [InlineData(1.1, 0.95, 0)]
    [InlineData(0.9, 1, 0)]
    [InlineData(0.9, 0.4, 0)]
    [InlineData(0.9, 0.95, -0.1)]
    [InlineData(0.9, 0.95, double.NaN)]
    public void ABarThatIsNoneNeverPasses(double minScore, double confidence, double maxRegression) =>
        ResultsVerdict
            .Decide(
                ResultsFiles.PassFail(100, 0),
                new ResultsBar(new Thresholds(minScore, confidence, 1)) { MaxRegression = maxRegression }
            )
            .Reason.ShouldBe("InvalidThresholds");

    [Fact]
    public void RepeatsAreNoCases()
    {
        // Ten cases a hundred times each are ten cases.
        var results = ResultsFiles.PassFail(10, 0);
        results = results with { Cases = [.. results.Cases.Select(one => one with { Repeats = 100 })] };
        ResultsVerdict.Decide(results, Bar).Reason.ShouldBe("BoundsStraddle");
    }

    [Fact]
    public void SkippedCasesCountForNothing()
    {
        var results = ResultsFiles.PassFail(9, 0);
        var skipped = results.Cases[0] with { Id = "s", Outcome = CaseOutcome.Skipped, Score = 0, Repeats = 0, Tags = ["safety"] };
        var mixed = results with { Cases = [.. results.Cases, skipped] };
        ResultsVerdict.Decide(mixed, Bar).Reason.ShouldBe("TooFewCases");
        ResultsVerdict.Decide(mixed, Bar).Score.ShouldBe(1);
        ResultsVerdict.Decide(mixed with { Cases = [skipped] }, Bar).Reason.ShouldBe("NoCases");
        ResultsVerdict.Decide(mixed, Bar with { CriticalTags = ["safety"] }).Reason.ShouldBe("CriticalCaseFailed");
    }

    [Fact]
    public void OneCriticalCaseAmongFiveHundredBlocks()
    {
        var results = ResultsFiles.PassFail(499, 1);
        var tagged = results with
        {
            Cases = [.. results.Cases.Select(one => one.Outcome == CaseOutcome.Failed ? one with { Tags = ["safety"] } : one)],
        };
        ResultsVerdict.Decide(tagged, Bar).Phase.ShouldBe(EvalPhase.Passed);
        var verdict = ResultsVerdict.Decide(tagged, Bar with { CriticalTags = ["safety"] });
        (verdict.Phase, verdict.Reason).ShouldBe((EvalPhase.Failed, "CriticalCaseFailed"));
        verdict.Message.ShouldContain("c00499");
        // A mistyped tag would guard nothing, in silence.
        ResultsVerdict.Decide(tagged, Bar with { CriticalTags = ["safety", "saftey"] }).Reason.ShouldBe("CriticalTagUnknown");
    }

    [Fact]
    public void ACriticalCaseMustPassEveryRepeat()
    {
        var results = ResultsFiles.Read(ResultsFiles.Text("native.json"));
        var bar = new ResultsBar(new Thresholds(0, 0.5, 1));
        ResultsVerdict.Decide(results, bar).Phase.ShouldBe(EvalPhase.Passed);
        var tone = results with
        {
            Cases = [.. results.Cases.Select(one => one.Id == "tone-1" ? one with { Tags = ["safety"] } : one with { Tags = [] })],
        };
        ResultsVerdict.Decide(tone, bar with { CriticalTags = ["safety"] }).Reason.ShouldBe("CriticalCaseFailed");
    }

    [Fact]
    public void GradedScoresAreJudgedByTheirMean()
    {
        double[] scores = [.. Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 0.93 : 0.97)];
        var verdict = ResultsVerdict.Decide(ResultsFiles.Scores(scores), Bar);
        verdict.Phase.ShouldBe(EvalPhase.Passed);
        verdict.Score!.Value.ShouldBe(0.95, 1e-12);
        (verdict.Lower, verdict.Upper).ShouldBe(GradedInterval.Bounds(scores, 0.95));
        ResultsVerdict.Decide(ResultsFiles.Scores([.. scores.Select(score => score - 0.2)]), Bar).Reason.ShouldBe("ScoreTooLow");
        ResultsVerdict.Decide(ResultsFiles.Scores(0.99), new ResultsBar(new Thresholds(0.5, 0.95, 1))).Reason.ShouldBe("BoundsStraddle");
    }

    [Theory]
    // 300 cases, b of them worse and c better: the drop is (b - c) / 300, and McNemar decides.
    [InlineData(5, 0, 0, "Regressed")]
    [InlineData(4, 0, 0, "ScoreCleared")]
    [InlineData(10, 3, 0, "Regressed")]
    [InlineData(9, 3, 0, "ScoreCleared")]
    [InlineData(5, 0, 0.02, "ScoreCleared")]
    [InlineData(7, 0, 0.02, "Regressed")]
    [InlineData(6, 0, 0.02, "ScoreCleared")]
    [InlineData(0, 7, 0, "ScoreCleared")]
    public void ARegressionBlocksWhereItIsLargeAndCertain(int worse, int better, double allowed, string reason)
    {
        double[] before = [.. Enumerable.Repeat(0.0, better), .. Enumerable.Repeat(1.0, 300 - better)];
        double[] now = [.. Enumerable.Repeat(1.0, 300 - worse), .. Enumerable.Repeat(0.0, worse)];
        ResultsVerdict
            .Decide(ResultsFiles.Scores(now), Bar with { MaxRegression = allowed }, ResultsFiles.Scores(before))
            .Reason.ShouldBe(reason);
    }

    [Fact]
    public void AGradedRegressionIsFoundAndNamed()
    {
        double[] before = [.. Enumerable.Range(0, 100).Select(i => 0.95 + (0.0001 * i))];
        double[] now = [.. before.Select((score, i) => i < 20 ? score - 0.05 : score)];
        var verdict = ResultsVerdict.Decide(ResultsFiles.Scores(now), Bar, ResultsFiles.Scores(before));
        verdict.Reason.ShouldBe("Regressed");
        verdict.Message.ShouldContain("0.010 worse");
        verdict.Message.ShouldContain("c00000");
        ResultsVerdict
            .Decide(ResultsFiles.Scores(now), Bar with { MaxRegression = 0.02 }, ResultsFiles.Scores(before))
            .Reason.ShouldBe("ScoreCleared");
        // Half up, half down: no drop.
        ResultsVerdict
            .Decide(
                ResultsFiles.Scores([.. before.Select((score, i) => i % 2 == 0 ? score - 0.01 : score + 0.01)]),
                Bar,
                ResultsFiles.Scores(before)
            )
            .Reason.ShouldBe("ScoreCleared");
    }

    [Fact]
    public void ABaselineMustBeWholeAndOfTheSameCases()
    {
        var results = ResultsFiles.PassFail(300, 0);
        ResultsVerdict.Decide(results, Bar, ResultsFiles.Read("{}")).Reason.ShouldBe("BaselineUnusable");
        var others = results with { Cases = [.. results.Cases.Select(one => one with { Id = "other " + one.Id })] };
        var verdict = ResultsVerdict.Decide(results, Bar, others);
        (verdict.Phase, verdict.Reason).ShouldBe((EvalPhase.Inconclusive, "TooFewPairs"));
        ResultsVerdict.Decide(results, Bar, results).Reason.ShouldBe("ScoreCleared");
    }

    [Fact]
    public void PermutingCasesChangesNothing()
    {
        var random = new Random(7);
        double[] scores = [.. Enumerable.Range(0, 60).Select(_ => 0.7 + (0.3 * random.NextDouble()))];
        var now = ResultsFiles.Scores(scores);
        var before = ResultsFiles.Scores([.. scores.Select(score => Math.Min(1, score + (0.1 * random.NextDouble()) - 0.04))]);
        EvalResults Shuffled(EvalResults results)
        {
            var cases = results.Cases.ToArray();
            random.Shuffle(cases);
            return results with { Cases = cases };
        }
        var first = ResultsVerdict.Decide(now, Bar, before);
        for (var i = 0; i < 20; i++)
            ResultsVerdict.Decide(Shuffled(now), Bar, Shuffled(before)).ShouldBe(first);
    }

    [Fact]
    public void FailingCasesComeWithTheGravestFirst()
    {
        var results = ResultsFiles.Read(ResultsFiles.Text("junit-pytest.xml"));
        ResultsVerdict
            .Failing(results, Bar)
            .Select(one => one.Id)
            .ShouldBe(["tests.test_support.test_down", "tests.test_support.test_secret"]);
        ResultsVerdict.Failing(results, Bar with { CriticalTags = ["safety"] })[0].Id.ShouldBe("tests.test_support.test_secret");
    }
}
