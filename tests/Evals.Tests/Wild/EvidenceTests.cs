using AgentReadiness.Contracts.Evals;
using CsCheck;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// A pass needs evidence: that something was asserted, a score, a value; and nothing else in the file that says otherwise.
/// </summary>
public sealed class EvidenceTests
{
    private const string Assert = "\"testCase\": {\"vars\": {\"q\": 1}, \"assert\": [{\"type\": \"equals\"}]}";

    private const string Cell = "{\"pass\": true, \"score\": 1, \"gradingResult\": {\"componentResults\": [{\"pass\": true}]}}";

    [Theory]
    [InlineData("\"score\": 1, " + Assert, true)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"componentResults\": [{\"pass\": true}]}", true)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"assertion\": {\"type\": \"equals\"}}", true)]
    [InlineData(Assert, false)]
    [InlineData("\"score\": null, " + Assert, false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"score\": NaN}, " + Assert, false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"score\": \"NaN\"}, " + Assert, false)]
    [InlineData("\"score\": 1, \"response\": {\"error\": \"HTTP 500\", \"output\": \"\"}, " + Assert, false)]
    [InlineData("\"score\": 1", false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true}", false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"reason\": \"No assertions.\"}", false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"componentResults\": [null]}", false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"componentResults\": [{}]}", false)]
    [InlineData("\"score\": 1, \"gradingResult\": {\"pass\": true, \"assertion\": null}", false)]
    [InlineData("\"score\": 1, \"testCase\": {\"assert\": [null]}", false)]
    [InlineData("\"score\": 1, \"testCase\": {\"assert\": \"equals\"}, \"gradingResult\": {\"pass\": true}", false)]
    public void Promptfoo(string members, bool passes) =>
        (
            ResultsFiles.Verdict("{\"version\": 3, \"results\": [{\"promptIdx\": 0, \"success\": true, " + members + "}]}")
            == EvalPhase.Passed
        ).ShouldBe(passes);

    [Theory]
    [InlineData(Cell, "")]
    [InlineData("{\"pass\": false, \"score\": 0}", "of results 1 passed, and of table 0")]
    [InlineData(Cell + "]}, {\"outputs\": [" + Cell, "1 results, and table has 2")]
    public void Promptfoos_two_copies_agree(string cell, string message)
    {
        var problems = ResultsFiles
            .Read(
                """{"results": {"version": 2, "results": [{"promptIdx": 0, "success": true, "score": 1, """
                    + Assert
                    + """}], "table": {"head": {}, "body": [{"outputs": ["""
                    + cell
                    + "]}]}}}"
            )
            .Problems;
        if (message.Length == 0)
            problems.ShouldBeEmpty();
        else
            problems.Single().Message.ShouldContain(message);
    }

    // What stands at HERE is beside the cases, or in one of them; the files pass without it.
    [Theory]
    [InlineData("""{"format": "agentreadiness.dev/results/v1", HERE "cases": [{"id": "a", "passed": true}]}""")]
    [InlineData("""{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "a", HERE "passed": true}]}""")]
    [InlineData("{\"format\": \"agentreadiness.dev/results/v1\", HERE \"cases\": 1}\n{\"id\": \"a\", \"passed\": true}")]
    [InlineData(
        "{\"evalId\": \"e\", HERE \"results\": {\"version\": 3, \"results\": [{\"success\": true, \"score\": 1, " + Assert + "}]}}"
    )]
    [InlineData(
        "{\"evalId\": \"e\", \"results\": {\"version\": 3, HERE \"results\": [{\"success\": true, \"score\": 1, " + Assert + "}]}}"
    )]
    [InlineData("""{HERE "testCases": [{"name": "a", "success": true, "metricsData": [{"success": true, "score": 1}]}]}""")]
    [InlineData("""{"metrics": {}, HERE "rows": [{"inputs.id": "a", "outputs.r.r": 5, "outputs.r.r_result": "pass"}]}""")]
    [InlineData("""{"metrics": {}, "rows": [{HERE "inputs.id": "a", "outputs.r.r": 5, "outputs.r.r_result": "pass"}]}""")]
    [InlineData(
        """
            {"status": "success", HERE_ "eval": {}, "results": {"total_samples": 1, "completed_samples": 1},
             "samples": [{"id": 1, "scores": {"m": {"value": "C"}}}]}
            """
    )]
    [InlineData(
        """
            {"status": "success", "eval": {}, "results": {"total_samples": 1, "completed_samples": 1},
             "samples": [{"id": 1, "scores": {"m": {HERE "value": "C"}}}]}
            """
    )]
    [InlineData(
        """
            {"object": "list", HERE_ "data": [{"object": "eval.run.output_item", "id": "a", "status": "pass",
             "results": [{"passed": true, "score": 1}]}]}
            """
    )]
    public void A_word_beside_or_in_a_case_that_is_not_that_of_a_pass(string file)
    {
        string With(string text) => file.Replace("HERE_", text, StringComparison.Ordinal).Replace("HERE", text, StringComparison.Ordinal);
        ResultsFiles.Verdict(With(string.Empty)).ShouldBe(EvalPhase.Passed);
        string[] names = file.Contains("HERE_", StringComparison.Ordinal) ? Own : [.. Own, "status", "error"];
        Gen.Select(Gen.Int[0, names.Length - 1], Gen.Int[0, Values.Length - 1])
            .Sample((name, value) => ResultsFiles.Verdict(With($"\"{names[name]}\": {Values[value]},")) != EvalPhase.Passed, iter: 500);
    }

    private static readonly string[] Own =
    [
        "state",
        "outcome",
        "verdict",
        "conclusion",
        "aborted",
        "failed",
        "errors",
        "exception",
        "crash",
    ];

    private static readonly string[] Values =
    [
        "\"failed\"",
        "\"aborted\"",
        "\"maybe\"",
        "[\"failed\"]",
        "{\"state\": \"failed\"}",
        "100",
        "-1",
        "true",
        "{\"message\": \"x\"}",
    ];

    [Theory]
    [InlineData("-5")]
    [InlineData("1.01")]
    [InlineData("1e300")]
    public void DeepEvals_scores_are_between_0_and_1(string score)
    {
        var problem = ResultsFiles
            .Read(
                """{"testCases": [{"name": "a", "success": true, "metricsData": [{"name": "m", "success": true, "score": """
                    + score
                    + "}]}]}"
            )
            .Problems.Single();
        problem.Reason.ShouldBe(EvalReasons.ScoreInvalid);
        problem.Message.ShouldContain("between 0 and 1");
    }

    [Fact]
    public void An_OpenAI_grader_without_a_score_gave_no_result() =>
        ResultsFiles
            .Verdict("""{"object": "list", "data": [{"object": "eval.run.output_item", "id": "a", "results": [{"passed": true}]}]}""")
            .ShouldBe(EvalPhase.Error);

    [Theory]
    [InlineData("\"unscored\": true")]
    [InlineData("\"error\": \"boom\"")]
    public void An_Inspect_score_of_which_something_else_is_said(string member) =>
        ResultsFiles
            .Verdict(
                """{"status": "success", "eval": {}, "results": {"total_samples": 1, "completed_samples": 1}, """
                    + "\"samples\": [{\"id\": 1, \"scores\": {\"m\": {\"value\": \"C\", "
                    + member
                    + "}}}]}"
            )
            .ShouldBe(EvalPhase.Error);

    // A metric has the value of its type, and there is no type without one.
    [Fact]
    public void An_Extensions_AI_metric_of_a_type_without_a_value_does_not_pass() =>
        Gen.OneOf(Gen.Const("none"), Gen.Const("Numeric"), Gen.Const(""), Gen.String[Gen.Char['a', 'z'], 1, 8])
            .Where(type => type is not ("numeric" or "boolean" or "string"))
            .Sample(
                type =>
                    ResultsFiles.Verdict(
                        "{\"scenarioName\": \"a\", \"evaluationResult\": {\"metrics\": {\"m\": {"
                            + "\"interpretation\": {\"rating\": \"good\", \"failed\": false}, "
                            + $"\"$type\": \"{type}\", "
                            + "\"value\": null}}}}"
                    ) != EvalPhase.Passed,
                iter: 300
            );
}
