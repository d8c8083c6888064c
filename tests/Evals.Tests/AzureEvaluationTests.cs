namespace AgentReadiness.Evals.Tests;

/// <summary>What azure-ai-evaluation writes, with its traps.</summary>
public sealed class AzureEvaluationTests
{
    private const string Azure = """
        {"metrics": {"relevance.relevance": NaN}, "studio_url": null, "rows": [
          {"inputs.id": "refund", "inputs.query": "May I?", "outputs.relevance.relevance": 5.0,
           "outputs.relevance.relevance_result": "pass", "outputs.relevance.relevance_threshold": 3},
          {"inputs.query": "Ship?", "outputs.relevance.relevance": 1.0, "outputs.relevance.relevance_result": "fail",
           "outputs.fluency.fluency": 5.0, "outputs.fluency.fluency_result": "pass"},
          {"inputs.query": "Down?", "outputs.relevance.relevance": NaN, "outputs.relevance.relevance_result": "fail"}]}
        """;

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
        Read(
            """{"metrics": {"groundedness.groundedness": 5.0}, "rows": [{"inputs.query": "a", "outputs.groundedness.groundedness": 5.0}]}"""
        )
            .Problems.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(
                problem => problem.Reason.ShouldBe(EvalReasons.ScoreInvalid),
                problem => problem.Message.ShouldContain("threshold")
            );

    [Fact]
    public void Half_a_file_is_an_error_and_never_a_pass()
    {
        for (var length = 1; length < Azure.Length; length += 7)
            Read(Azure[..length]).Problems.ShouldNotBeEmpty($"after {length} characters");
    }

    private static EvalResults Read(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return ResultsReader.Read(stream);
    }
}
