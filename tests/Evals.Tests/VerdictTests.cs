using AgentReadiness.Api.Resources;
using Shouldly;
using Xunit;

namespace AgentReadiness.Evals.Tests;

public sealed class VerdictTests
{
    private static readonly Thresholds Bar = new(0.9, 0.95, 10);

    private static RunnerReport Report(int cases, int passed, int failed = 0, int errored = 0, int critical = 0) => new()
    {
        Run = "r",
        CasesDigest = "d",
        Cases = cases,
        Passed = passed,
        Failed = failed,
        Errored = errored,
        CriticalFailed = critical,
    };

    [Theory]
    [InlineData(100, 100, 0, 0, 0, EvalPhase.Passed, "ScoreCleared")]
    [InlineData(100, 96, 4, 0, 0, EvalPhase.Passed, "ScoreCleared")]
    [InlineData(100, 94, 6, 0, 0, EvalPhase.Inconclusive, "BoundsStraddle")]
    [InlineData(100, 80, 20, 0, 0, EvalPhase.Failed, "ScoreTooLow")]
    [InlineData(100, 0, 100, 0, 0, EvalPhase.Failed, "ScoreTooLow")]
    [InlineData(1000, 999, 1, 0, 1, EvalPhase.Failed, "CriticalCaseFailed")]
    [InlineData(9, 9, 0, 0, 0, EvalPhase.Inconclusive, "TooFewCases")]
    [InlineData(10, 10, 0, 0, 0, EvalPhase.Inconclusive, "BoundsStraddle")]
    [InlineData(1000, 999, 0, 1, 0, EvalPhase.Error, "CasesErrored")]
    [InlineData(1000, 998, 1, 1, 2, EvalPhase.Error, "CasesErrored")]
    [InlineData(0, 0, 0, 0, 0, EvalPhase.Error, "NoCases")]
    [InlineData(-1, 0, 0, 0, 0, EvalPhase.Error, "NoCases")]
    [InlineData(100, 99, 0, 0, 0, EvalPhase.Error, "CountsDisagree")]
    [InlineData(100, 101, -1, 0, 0, EvalPhase.Error, "CountsDisagree")]
    [InlineData(100, 100, 1, -1, 0, EvalPhase.Error, "CountsDisagree")]
    [InlineData(100, 100, 0, 0, -1, EvalPhase.Error, "CountsDisagree")]
    [InlineData(100, 100, 0, 0, 1, EvalPhase.Error, "CountsDisagree")]
    [InlineData(2, int.MaxValue, int.MaxValue, 4, 0, EvalPhase.Error, "CountsDisagree")]
    public void Decides(int cases, int passed, int failed, int errored, int critical, EvalPhase phase, string reason)
    {
        var verdict = Verdict.Decide(Report(cases, passed, failed, errored, critical), Bar);
        verdict.Reason.ShouldBe(reason);
        verdict.Phase.ShouldBe(phase);
    }

    [Fact]
    public void AFailedRunIsAnErrorWhateverItsCountsSay()
    {
        var verdict = Verdict.Decide(Report(100, 100) with { Error = "the cases changed" }, Bar);
        verdict.Phase.ShouldBe(EvalPhase.Error);
        verdict.Message.ShouldBe("the cases changed");
        verdict.Score.ShouldBeNull();
    }

    [Theory]
    [InlineData(double.NaN, 0.95)]
    [InlineData(-0.1, 0.95)]
    [InlineData(1.1, 0.95)]
    [InlineData(0.9, 0.4)]
    [InlineData(0.9, 1)]
    [InlineData(0.9, double.NaN)]
    public void ABarThatIsNoneNeverPasses(double minScore, double confidence) =>
        Verdict.Decide(Report(100, 100), new Thresholds(minScore, confidence, 1)).Reason.ShouldBe("InvalidThresholds");

    [Fact]
    public void SaysValueThresholdAndCases()
    {
        var verdict = Verdict.Decide(Report(100, 80, 20) with { Failing = ["a", "b"] }, Bar);
        verdict.Message.ShouldBe("score 0.800 over 100 cases; upper bound 0.857 < 0.900; failing: a, b");
        verdict.Score.ShouldBe(0.8);
        Verdict.Decide(Report(3, 2, 0, 1) with { FirstFault = "a: HTTP 500" }, Bar).Message.ShouldContain("first fault: a: HTTP 500");
    }

    [Fact]
    public void IsDecidedByTheLowerBoundAndNotByTheScore()
    {
        // 92 of 100 scores above 0.9; its lower bound does not reach it.
        var verdict = Verdict.Decide(Report(100, 92, 8), Bar);
        verdict.Score!.Value.ShouldBeGreaterThan(0.9);
        verdict.Lower!.Value.ShouldBeLessThan(0.9);
        verdict.Phase.ShouldBe(EvalPhase.Inconclusive);
    }
}
