using System.Text;
using Shouldly;
using Xunit;

namespace AgentReadiness.Evals.Tests;

/// <summary>The formats that came later, each with its traps.</summary>
public sealed class OtherFormatsTests
{
    private const string Meai = """
        {"scenarioName": "refund", "iterationName": "1", "executionName": "e1", "creationTime": "2026-11-24T09:00:00Z", "messages": [], "modelResponse": {"messages": []},
         "evaluationResult": {"metrics": {
           "Relevance": {"$type": "numeric", "value": 5, "name": "Relevance", "interpretation": {"rating": "good", "failed": false}, "diagnostics": [{"severity": "informational", "message": "ok"}]},
           "Polite": {"$type": "boolean", "value": true, "name": "Polite"}}}, "tags": ["policy"], "formatVersion": 1}
        {"scenarioName": "refund", "iterationName": "2", "executionName": "e1",
         "evaluationResult": {"metrics": {"Relevance": {"$type": "numeric", "value": 1, "interpretation": {"rating": "unacceptable", "failed": true}}}}}
        {"scenarioName": "ship", "iterationName": "1", "executionName": "e1", "evaluationResult": {"metrics": {"Words": {"$type": "numeric", "value": 12}}}}
        {"scenarioName": "down", "iterationName": "1", "executionName": "e1",
         "evaluationResult": {"metrics": {"Relevance": {"$type": "numeric", "interpretation": {"failed": false}, "diagnostics": [{"severity": "error", "message": "HTTP 500"}]}}}}
        """;

    private const string OpenAi = """
        {"object": "list", "first_id": "a", "last_id": "c", "has_more": false, "data": [
          {"object": "eval.run.output_item", "id": "a", "run_id": "r", "eval_id": "e", "datasource_item_id": 1, "status": "pass", "results": [{"name": "match", "passed": true, "score": 1.0}],
           "sample": {"error": {"code": null, "message": null}, "model": "m"}},
          {"object": "eval.run.output_item", "id": "b", "run_id": "r", "datasource_item_id": 1, "status": "fail", "results": [{"name": "match", "passed": true, "score": 1}, {"name": "tone", "passed": false, "score": 2}]},
          {"object": "eval.run.output_item", "id": "c", "run_id": "r", "datasource_item_id": 2, "status": "error", "results": [], "sample": {"error": {"code": "server_error", "message": "down"}}}]}
        """;

    private const string Azure = """
        {"metrics": {"relevance.relevance": NaN}, "studio_url": null, "rows": [
          {"inputs.id": "refund", "inputs.query": "May I?", "outputs.relevance.relevance": 5.0, "outputs.relevance.relevance_result": "pass", "outputs.relevance.relevance_threshold": 3},
          {"inputs.query": "Ship?", "outputs.relevance.relevance": 1.0, "outputs.relevance.relevance_result": "fail", "outputs.fluency.fluency": 5.0, "outputs.fluency.fluency_result": "pass"},
          {"inputs.query": "Down?", "outputs.relevance.relevance": NaN, "outputs.relevance.relevance_result": "fail"}]}
        """;

    [Fact]
    public void Scenarios_are_cases_and_iterations_are_repeats()
    {
        var results = Read(Meai);
        results.Format.ShouldBe("meai");
        Outcomes(results).ShouldBe(["down Errored 0", "refund Failed 0.5", "ship Errored 0"]);
        var refund = results.Cases.Single(one => one.Id == "refund");
        refund.Repeats.ShouldBe(2);
        refund.Tags.ShouldBe(["policy"]);
    }

    [Theory]
    [InlineData("e1", "e2", EvalReasons.SeveralSubjects)]
    [InlineData("\"iterationName\": \"2\"", "\"iterationName\": \"1\"", EvalReasons.DuplicateCases)]
    [InlineData("\"scenarioName\": \"ship\"", "\"scenarioName\": \"\"", EvalReasons.ResultsUnreadable)]
    public void A_store_of_several_executions_or_twice_the_same_is_refused(string old, string now, string reason)
    {
        var at = Meai.LastIndexOf(old, StringComparison.Ordinal);
        Read(Meai[..at] + now + Meai[(at + old.Length)..]).Problems.ShouldHaveSingleItem().Reason.ShouldBe(reason);
    }

    [Fact]
    public void Output_items_pass_where_all_graders_do()
    {
        var results = Read(OpenAi);
        results.Format.ShouldBe("openai-evals");
        Outcomes(results).ShouldBe(["1 Failed 0.5", "2 Errored 0"]);
        Read("""{"object": "eval.run.output_item", "id": "a", "run_id": "r", "datasource_item_id": 9, "status": "pass", "results": [{"passed": true}]}""" + "\n"
            + """{"object": "eval.run.output_item", "id": "b", "run_id": "r", "datasource_item_id": 8, "status": "fail", "results": [{"passed": false}]}""")
            .Cases.Select(one => $"{one.Id} {one.Outcome}").ShouldBe(["8 Failed", "9 Passed"]);
    }

    [Theory]
    [InlineData("\"has_more\": false", "\"has_more\": true", EvalReasons.RunIncomplete)]
    [InlineData("\"id\": \"b\"", "\"id\": \"a\"", EvalReasons.DuplicateCases)]
    [InlineData("\"id\": \"c\", \"run_id\": \"r\"", "\"id\": \"c\", \"run_id\": \"other\"", EvalReasons.SeveralSubjects)]
    [InlineData("\"status\": \"fail\"", "\"status\": \"pass\"", EvalReasons.CountsDisagree)]
    public void A_list_that_is_a_part_or_contradicts_itself_is_refused(string old, string now, string reason) =>
        Read(OpenAi.Replace(old, now, StringComparison.Ordinal)).Problems.ShouldHaveSingleItem().Reason.ShouldBe(reason);

    [Fact]
    public void A_run_with_counts_alone_is_told_how_to_get_its_items() =>
        Read("""{"object": "eval.run", "id": "r", "status": "completed", "result_counts": {"total": 10, "errored": 0, "failed": 0, "passed": 10}}""")
            .Problems.ShouldHaveSingleItem().ShouldSatisfyAllConditions(problem => problem.Reason.ShouldBe(EvalReasons.RunIncomplete), problem => problem.Message.ShouldContain("output_items"));

    [Fact]
    public void Rows_count_by_their_verdicts_and_a_score_of_NaN_is_no_measurement()
    {
        var results = Read(Azure);
        results.Format.ShouldBe("azure-ai-evaluation");
        results.Cases.Select(one => one.Outcome).Order().ShouldBe([CaseOutcome.Passed, CaseOutcome.Failed, CaseOutcome.Errored]);
        results.Cases.Single(one => one.Outcome == CaseOutcome.Passed).Id.ShouldBe("refund");
        results.Cases.Where(one => one.Id != "refund").ShouldAllBe(one => one.Id.StartsWith("row#", StringComparison.Ordinal));
    }

    [Fact]
    public void Scores_without_a_threshold_say_nothing() =>
        Read("""{"metrics": {"groundedness.groundedness": 5.0}, "rows": [{"inputs.query": "a", "outputs.groundedness.groundedness": 5.0}]}""")
            .Problems.ShouldHaveSingleItem().ShouldSatisfyAllConditions(problem => problem.Reason.ShouldBe(EvalReasons.ScoreInvalid), problem => problem.Message.ShouldContain("threshold"));

    [Theory]
    [InlineData(OpenAi)]
    [InlineData(Azure)]
    public void Half_a_file_is_an_error_and_never_a_pass(string text)
    {
        for (var length = 1; length < text.Length; length += 7)
        {
            var results = Read(text[..length]);
            (results.Problems.Count > 0 || results.Cases.Any(one => one.Outcome == CaseOutcome.Errored)).ShouldBeTrue($"after {length} characters");
        }
    }

    private static EvalResults Read(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return ResultsReader.Read(stream);
    }

    private static IEnumerable<string> Outcomes(EvalResults results) => results.Cases.Select(one => FormattableString.Invariant($"{one.Id} {one.Outcome} {one.Score}"));
}
