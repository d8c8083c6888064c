using AgentReadiness.Contracts.Evals;
using CsCheck;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>What a column of azure-ai-evaluation may say beside a result of pass.</summary>
public sealed class AzureColumnsTests
{
    private static readonly string[] Telling =
    [
        "result",
        "status",
        "passed",
        "state",
        "outcome",
        "verdict",
        "success",
        "completed",
        "error",
        "errors",
        "exception",
        "failed",
        "skipped",
        "aborted",
        "timeout",
    ];

    private static readonly string[] Values =
    [
        "\"failed\"",
        "\"fail\"",
        "\"error\"",
        "\"skipped\"",
        "\"aborted\"",
        "\"boom\"",
        "\"NaN\"",
        "NaN",
        "[\"x\"]",
        "{\"message\": \"x\"}",
        "{\"status\": \"failed\"}",
        "-1",
        "2",
    ];

    [Theory]
    [InlineData("\"outputs.r.result\": \"fail\"")]
    [InlineData("\"outputs.r.passed\": false")]
    [InlineData("\"outputs.s.s_passed\": false")]
    [InlineData("\"outputs.r.r_RESULT\": \"fail\"")]
    public void A_fail_of_another_column_is_one(string column) =>
        ResultsFiles.Verdict(Row(column)).ShouldBeOneOf(EvalPhase.Failed, EvalPhase.Error);

    [Fact]
    public void Not_passed_is_a_fail_also_where_no_result_is_beside_it() =>
        ResultsFiles
            .Read("""{"metrics": {}, "rows": [{"inputs.id": "a", "outputs.r.r": 1, "outputs.r.r_passed": false}]}""")
            .Cases.ShouldHaveSingleItem()
            .Outcome.ShouldBe(CaseOutcome.Failed);

    [Theory]
    [InlineData("\"outputs.r.r_status\": null", "null")]
    [InlineData("\"outputs.r.status\": \"failed\"", "\"failed\"")]
    [InlineData("\"outputs.r.exception\": \"boom\"", "boom")]
    [InlineData("\"outputs.r.r_exception\": \"boom\"", "boom")]
    [InlineData("\"outputs.r.r_errors\": [\"boom\"]", "boom")]
    [InlineData("\"outputs.r.r_error_details\": {\"code\": \"boom\"}", "boom")]
    [InlineData("\"outputs.error\": \"boom\"", "boom")]
    [InlineData("\"outputs.r_error\": \"boom\"", "boom")]
    [InlineData("\"outputs.r_status\": \"failed\"", "\"failed\"")]
    [InlineData("\"outputs.r.r_label\": \"fail\"", "\"fail\"")]
    [InlineData("\"outputs.r.r_result_details\": \"fail\"", "\"fail\"")]
    [InlineData("\"outputs.r.r_skipped\": true", "skipped: error: true")]
    [InlineData("\"outputs.r.r_reason\": \"NA\"", "not applicable")]
    [InlineData("\"outputs.r.r_reason\": \"The metric is Not applicable here\"", "not applicable")]
    [InlineData("\"outputs.r.r_properties\": {\"status\": \"failed\"}", "\"failed\"")]
    [InlineData("\"outputs.r.r_properties\": {\"inner\": [{\"passed\": false}]}", "passed is false")]
    [InlineData("\"outputs.r.r_sample\": {\"error\": {\"message\": \"boom\"}}", "boom")]
    [InlineData("\"outputs.r.rResult\": \"fail\"", "the opposite")]
    [InlineData("\"line_status\": \"Failed\"", "\"Failed\"")]
    public void What_speaks_against_the_row(string column, string word)
    {
        ResultsFiles.Read(Row(column)).Cases.Single().Fault.ShouldNotBeNull().ShouldContain(word);
        ResultsFiles.Verdict(Row(column)).ShouldBe(EvalPhase.Error);
    }

    [Theory]
    [InlineData("\"NaN\"")]
    [InlineData("\"nan\"")]
    [InlineData("\"-Infinity\"")]
    [InlineData("\"abc\"")]
    [InlineData("null")]
    [InlineData("[5]")]
    [InlineData("{}")]
    public void A_metric_that_is_no_number(string value) =>
        ResultsFiles
            .Verdict($$"""{"metrics": {}, "rows": [{"inputs.id": "a", "outputs.r.r": {{value}}, "outputs.r.r_result": "pass"}]}""")
            .ShouldBe(EvalPhase.Error);

    [Fact]
    public void Columns_of_the_SDK_that_say_nothing_against_the_row() =>
        ResultsFiles
            .Verdict(
                Row(
                    """
                    "outputs.r.r_threshold": 3, "outputs.r.r_reason": "The answer is good.", "outputs.r.r_status": "completed",
                    "outputs.r.r_passed": true, "outputs.r.r_finish_reason": "stop", "outputs.r.r_model": "gpt",
                    "outputs.r.r_total_tokens": 9,
                    "outputs.r.r_sample": {"error": null, "finish_reason": "stop"},
                    "outputs.r.r_details": {"excess_tool_calls": {"total": 0}},
                    "outputs.v.violence": "Very low", "outputs.v.violence_score": 0, "outputs.v.violence_result": "pass",
                    "outputs.p.protected_material_label": false, "outputs.d.ndcg@3": 0.9, "outputs.d.ndcg@3_result": "pass",
                    "outputs.response": "It failed.", "outputs.status": "shipped", "outputs.result": "30 days", "line_number": 0
                    """
                )
            )
            .ShouldBe(EvalPhase.Passed);

    [Fact]
    public void No_value_of_a_column_that_tells_an_outcome_passes_unless_it_is_listed() =>
        Gen.Select(
                Gen.Int[0, Telling.Length - 1],
                Gen.Int[0, Values.Length - 1],
                Gen.Int[0, 3],
                Gen.Bool,
                Gen.String[Gen.Char['a', 'z'], 1, 6]
            )
            .Sample(
                (word, value, form, inside, name) =>
                {
                    var said = form switch
                    {
                        0 => $"{name}_{Telling[word]}",
                        1 => Telling[word],
                        2 => $"{name}_{Telling[word].ToUpperInvariant()}",
                        _ => name + char.ToUpperInvariant(Telling[word][0]) + Telling[word][1..],
                    };
                    var column = inside
                        ? $"\"outputs.r.{name}\": {{\"{Telling[word]}\": {Values[value]}}}"
                        : $"\"outputs.r.{said}\": {Values[value]}";
                    return ResultsFiles.Verdict(Row(column)) != EvalPhase.Passed;
                },
                iter: 3_000
            );

    private static string Row(string columns) =>
        $$"""{"metrics": {}, "rows": [{"inputs.id": "a", "outputs.r.r": 5, "outputs.r.r_result": "pass", {{columns}}}]}""";
}
