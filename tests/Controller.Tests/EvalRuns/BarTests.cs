using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Evals;

namespace AgentReadiness.Controller.Tests;

/// <summary>The bar that a run is judged by, and what of it reaches those who may not see the cases.</summary>
public sealed class BarTests
{
    private static readonly EvalRunSpec Spec = new()
    {
        MinScore = "0.90",
        Confidence = "0.95",
        MinCases = 12,
        CriticalTags = ["safety"],
        Repeats = new EvalRepeats { Min = 1, Max = 5 },
    };

    [Fact]
    public void The_error_is_split_over_the_looks_that_our_runner_may_take() =>
        VerdictWriter
            .Bar(new EvalRun { Spec = Spec })
            .ShouldSatisfyAllConditions(
                bar => bar.Looks.ShouldBe(5),
                bar => bar.LookConfidence.ShouldBe(0.99, 1e-9),
                bar => bar.Thresholds.ShouldBe(new Thresholds(0.9, 0.95, 12)),
                bar => bar.CriticalTags.ShouldBe(["safety"]),
                bar => bar.MaxRegression.ShouldBe(1, "nothing is compared where nobody asked for it")
            );

    [Theory]
    [InlineData(EvalKind.Job)]
    [InlineData(EvalKind.External)]
    public void Whoever_measures_in_one_go_is_looked_at_once(EvalKind kind) =>
        VerdictWriter.Bar(new EvalRun { Spec = Spec with { Kind = kind } }).Looks.ShouldBe(1);

    [Fact]
    public void What_a_tool_said_of_a_case_is_not_in_the_message_that_the_agents_status_repeats()
    {
        var verdict = ResultsVerdict.Decide(
            new EvalResults
            {
                Cases =
                [
                    new MeasuredCase
                    {
                        Id = "case-1",
                        Score = 0,
                        Outcome = CaseOutcome.Errored,
                        Repeats = 0,
                        Fault = "no answer to: what is the secret question?",
                    },
                ],
            },
            VerdictWriter.Bar(new EvalRun { Spec = Spec with { CriticalTags = [] } })
        );
        verdict.Message.ShouldContain("case-1");
        verdict.Message.ShouldNotContain("secret");
        verdict.Fault!.ShouldContain("secret");
    }
}
