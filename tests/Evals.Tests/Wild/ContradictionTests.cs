using AgentReadiness.Contracts.Evals;
using CsCheck;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// A case of which two things are said that cannot both be true passes by neither of them, and does not vanish as skipped.
/// </summary>
public sealed class ContradictionTests
{
    [Theory]
    [InlineData("\"passed\": false, \"score\": 1", "failed, and its score is 1")]
    [InlineData("\"passed\": true, \"score\": 0", "passed, and its score is 0")]
    public void An_outcome_and_a_score_that_say_the_opposite(string members, string word) =>
        Errored($$"""{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "a", {{members}}}]}""", word);

    [Fact]
    public void No_case_that_failed_has_a_score_of_1() =>
        Gen.Select(Gen.Bool, Gen.Double[0, 1], Gen.Int[1, 1_000_000])
            .Array[1, 5]
            .Sample(results =>
            {
                var list = string.Join(
                    ',',
                    results.Select(
                        (one, i) =>
                            FormattableString.Invariant($"{{\"id\": \"a\", \"repeat\": {i}, \"passed\": {(one.Item1 ? "true" : "false")}, ")
                            + FormattableString.Invariant($"\"repeats\": {one.Item3}, \"score\": {one.Item2:R}}}")
                    )
                );
                var read = ResultsFiles.Read($"{{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": [{list}]}}");
                return read.Problems.Count > 0
                    || read.Cases.All(one => one.Outcome != CaseOutcome.Failed || one.Score < 1)
                        && (results.Length == 1 || results.All(one => one.Item3 == 1));
            });

    [Theory]
    [InlineData("true", 1_000_000, "false")]
    [InlineData("false", 2, "true")]
    public void A_result_for_many_repeats_beside_others_is_refused(string one, int repeats, string other)
    {
        var read = ResultsFiles.Read(
            $$"""
            {"format": "agentreadiness.dev/results/v1", "cases": [
              {"id": "a", "passed": {{one}}, "repeats": {{repeats}}, "repeat": "x"}, {"id": "a", "passed": {{other}}, "repeat": "y"}]}
            """
        );
        read.Problems.Single().Reason.ShouldBe(EvalReasons.CountsDisagree);
        read.Problems.Single().Message.ShouldContain("repeats");
    }

    [Theory]
    [InlineData("\"status\": \"fail\", \"results\": []")]
    [InlineData("\"status\": \"failed\", \"results\": null")]
    public void OpenAI_failed_without_graders(string members) =>
        ResultsFiles.Read(OpenAI(members)).Cases.Single().Outcome.ShouldBe(CaseOutcome.Failed);

    [Theory]
    [InlineData("\"results\": [{\"passed\": false, \"score\": 0}]", "graders measured it")]
    [InlineData("\"results\": [{\"passed\": true, \"score\": 1}]", "graders measured it")]
    [InlineData("\"results\": [], \"sample\": {\"error\": {\"message\": \"boom\"}}", "boom")]
    [InlineData("\"results\": [], \"error\": \"boom\"", "boom")]
    [InlineData("\"results\": [], \"outcome\": \"failed\"", "\"failed\"")]
    [InlineData("\"results\": \"none\"", "no list")]
    public void OpenAI_skipped_beside_what_else_is_said(string members, string word) =>
        Errored(OpenAI("\"status\": \"skipped\", " + members), word);

    [Theory]
    [InlineData("unacceptable")]
    [InlineData("Poor")]
    public void Extensions_AI_rated_low_and_not_failed(string rating) =>
        Errored(
            """{"scenarioName": "a", "evaluationResult": {"metrics": {"m": {"$type": "numeric", "value": 4, "interpretation": """
                + $"{{\"rating\": \"{rating}\", \"failed\": false}}}}}}}}}}",
            $"\"{rating}\""
        );

    [Fact]
    public void OpenAI_skipped_and_nothing_else() =>
        ResultsFiles.Read(OpenAI("\"status\": \"skipped\", \"results\": []")).Cases.Single().Outcome.ShouldBe(CaseOutcome.Skipped);

    private static string OpenAI(string members) =>
        """{"object": "list", "data": [{"object": "eval.run.output_item", "id": "a", """ + members + "}]}";

    private static void Errored(string file, string word)
    {
        ResultsFiles.Read(file).Cases.Single().Fault.ShouldNotBeNull().ShouldContain(word);
        ResultsFiles.Verdict(file).ShouldBe(EvalPhase.Error);
    }
}
