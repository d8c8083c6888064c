namespace AgentReadiness.Evals.Tests;

/// <summary>The documented shapes of each tool become the cases that they are.</summary>
public sealed class ResultsSampleTests
{
    [Theory]
    [InlineData("promptfoo-v3.json", "promptfoo", "no secrets=Failed:0 | return period=Passed:1 | test=Passed:1")]
    [InlineData("promptfoo-v2.json", "promptfoo", "test=Failed:0 | test=Passed:1")]
    [InlineData("promptfoo-table.json", "promptfoo", "test=Errored:0 | test=Passed:1")]
    [InlineData("promptfoo-outputs.json", "promptfoo", "test=Passed:1 | test=Passed:1")]
    [InlineData("promptfoo.jsonl", "promptfoo", "test=Failed:0 | test=Passed:1")]
    [InlineData("inspect.json", "inspect", "1=Passed:1 | 2=Failed:0.25 | refund=Passed:1")]
    [InlineData("deepeval.json", "deepeval", "conversation_0=Passed:1 | test_refund=Passed:1 | test_secret=Failed:0")]
    [InlineData(
        "junit-pytest.xml",
        "junit",
        "tests.test_support.test_down=Errored:0 | tests.test_support.test_refund[30 days]=Passed:1 | "
            + "tests.test_support.test_secret=Failed:0 | tests.test_support.test_ship=Skipped:0"
    )]
    [InlineData(
        "junit-surefire.xml",
        "junit",
        "shop.SupportTest.greets=Failed:0.5 | shop.SupportTest.refund=Passed:1 | shop.SupportTest.secret=Failed:0"
    )]
    [InlineData("junit-gotestsum.xml", "junit", "example.com/shop.TestRefund=Failed:0.5 | example.com/shop/ship.TestShip=Passed:1")]
    [InlineData("native.json", "native", "later=Skipped:0 | refund-1=Passed:1 | secret-1=Failed:0 | tone-1=Failed:0.75")]
    [InlineData("native.jsonl", "native", "refund-1=Passed:1 | secret-1=Failed:0 | ship-1=Passed:1")]
    [InlineData("extensions-ai.json", "extensions-ai", "Support.Refund=Passed:1")]
    [InlineData("openai-evals.json", "openai-evals", "0=Passed:1 | 1=Failed:0 | 2=Passed:1")]
    public void ReadsEachShape(string file, string format, string cases)
    {
        var results = ResultsFiles.Read(ResultsFiles.Text(file));
        results.Problems.ShouldBeEmpty();
        results.Format.ShouldBe(format);
        // promptfoo's IDs carry a digest of variables and assertions, which says nothing to a reader of this test.
        ResultsFiles
            .Summary(results)
            .Select(line => line.Contains('#') ? line[..line.IndexOf('#')] + line[line.IndexOf('=')..] : line)
            .Order(StringComparer.Ordinal)
            .ShouldBe(cases.Split(" | ").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("promptfoo-v3.json", "no secrets#", "safety", null, 0.9, 0.002)]
    [InlineData("inspect.json", "1", "arithmetic", null, 2.5, null)]
    [InlineData("deepeval.json", "test_refund", "policy", null, 1.25, 0.001)]
    [InlineData("junit-pytest.xml", "tests.test_support.test_secret", "safety", "secrets", 0.02, null)]
    [InlineData("extensions-ai.json", "Support.Refund", "policy", null, 1.25, null)]
    [InlineData("native.json", "refund-1", "policy", null, 1.2, 0.0021)]
    public void KeepsTagsCostAndLatency(string file, string id, string tag, string? secondTag, double seconds, double? cost)
    {
        var one = ResultsFiles.Read(ResultsFiles.Text(file)).Cases.Single(one => one.Id.StartsWith(id, StringComparison.Ordinal));
        one.Tags.ShouldBe(secondTag is null ? [tag] : [tag, secondTag]);
        one.Latency!.Value.TotalSeconds.ShouldBe(seconds, 1e-6);
        one.Cost.ShouldBe((decimal?)cost);
    }

    [Theory]
    [InlineData("promptfoo-v3.json")]
    [InlineData("promptfoo-v2.json")]
    [InlineData("inspect.json")]
    [InlineData("deepeval.json")]
    [InlineData("native.json")]
    [InlineData("extensions-ai.json")]
    [InlineData("openai-evals.json")]
    [InlineData("junit-pytest.xml")]
    public void AHalfFileIsNeverUsed(string file)
    {
        var text = ResultsFiles.Text(file).TrimEnd();
        for (var length = 0; length < text.Length; length += 7)
            ResultsFiles.Read(text[..length]).Problems.ShouldNotBeEmpty($"{file} cut after {length} characters");
    }

    [Fact]
    public void ALineLessIsSeenByTheCount()
    {
        var lines = ResultsFiles.Text("native.jsonl").TrimEnd().Split('\n');
        ResultsFiles.Read(string.Join('\n', lines[..^1])).Problems.Single().Reason.ShouldBe("RunIncomplete");
        ResultsFiles
            .Read(string.Join('\n', [.. lines, """{"id":"x","passed":true}"""]))
            .Problems.Single()
            .Reason.ShouldBe("CountsDisagree");
    }

    [Fact]
    public void TheOrderOfTheFileChangesNothing()
    {
        var lines = ResultsFiles.Text("native.jsonl").TrimEnd().Split('\n');
        var other = ResultsFiles.Read(string.Join('\n', lines.Take(1).Concat(lines.Skip(1).Reverse())));
        ResultsFiles.Summary(other).ShouldBe(ResultsFiles.Summary(ResultsFiles.Read(ResultsFiles.Text("native.jsonl"))));
    }

    [Fact]
    public void PromptfooNumbersRepeatsOnAndTheyAreStillOneCase()
    {
        // promptfoo --repeat 2: the same test with the next index.
        var text = ResultsFiles.Changed("promptfoo.jsonl", "\"vars\": {\"q\": \"two\"}", "\"vars\": {\"q\": \"one\"}");
        var one = ResultsFiles.Read(text).Cases.Single();
        (one.Repeats, one.Score, one.Outcome).ShouldBe((2, 0.5, CaseOutcome.Failed));
    }

    [Fact]
    public void DeepEvalLoopsOverInputsUnderOneName()
    {
        var results = ResultsFiles.Read(ResultsFiles.Changed("deepeval.json", "test_secret", "test_refund"));
        results.Cases.Count(one => one.Id.StartsWith("test_refund#", StringComparison.Ordinal)).ShouldBe(2);
        // The same input again is a repeat.
        var repeated = ResultsFiles.Read(
            ResultsFiles
                .Changed("deepeval.json", "test_secret", "test_refund")
                .Replace("The password?", "May I return it?", StringComparison.Ordinal)
        );
        var one = repeated.Cases.Single(one => one.Id == "test_refund");
        (one.Repeats, one.Score, one.Outcome).ShouldBe((2, 0.5, CaseOutcome.Failed));
    }

    [Fact]
    public void DeepEvalsLatestRunIsWrapped() =>
        ResultsFiles.Read($$"""{"testRunData": {{ResultsFiles.Text("deepeval.json")}}, "testRunLink": null}""").Cases.Count.ShouldBe(3);

    [Fact]
    public void ByteOrderMarksAreNoPartOfTheText()
    {
        foreach (var file in new[] { "native.json", "native.jsonl", "junit-pytest.xml" })
            ResultsFiles
                .Read([0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(ResultsFiles.Text(file))])
                .Problems.ShouldBeEmpty(file);
    }

    [Fact]
    public void ScenariosComeAloneInListsInLinesAndInReports()
    {
        var one = ResultsFiles.Text("extensions-ai.json");
        var two = one.Replace("\"iterationName\": \"1\"", "\"iterationName\": \"2\"", StringComparison.Ordinal)
            .Replace("\"failed\": false", "\"failed\": true", StringComparison.Ordinal);
        foreach (
            var text in new[] { one + two, $"[{one},{two}]", $$"""{"scenarioRunResults": [{{one}},{{two}}], "generatorVersion": "1"}""" }
        )
        {
            var read = ResultsFiles.Read(text);
            read.Problems.ShouldBeEmpty();
            var scenario = read.Cases.Single();
            (read.Format, scenario.Repeats, scenario.Score, scenario.Outcome).ShouldBe(("extensions-ai", 2, 0.5, CaseOutcome.Failed));
        }
        ResultsFiles.Read(one + one).Problems.Single().Reason.ShouldBe("DuplicateCases");
        ResultsFiles
            .Read(one + two.Replace("20260101T000000", "20260102T000000", StringComparison.Ordinal))
            .Problems.Single()
            .Reason.ShouldBe("SeveralSubjects");
    }

    [Fact]
    public void OutputItemsMayComeAsAListAlone()
    {
        const string Item =
            """{"object": "eval.run.output_item", "id": "a", "run_id": "r", "datasource_item_id": 5, "results": [{"passed": """
            + """true, "score": 1}]}""";
        string List(bool more, string items) => $$"""{"object": "list", "data": [{{items}}], "has_more": {{(more ? "true" : "false")}}}""";
        ResultsFiles.Summary(ResultsFiles.Read(List(false, Item))).ShouldBe(["5=Passed:1"]);
        ResultsFiles.Read(List(true, Item)).Problems.Single().Reason.ShouldBe("RunIncomplete");
        ResultsFiles.Read(List(false, Item + "," + Item)).Problems.Single().Reason.ShouldBe("DuplicateCases");
        ResultsFiles
            .Read(List(false, Item.Replace("output_item", "other", StringComparison.Ordinal)))
            .Problems.Single()
            .Reason.ShouldBe("UnknownFormat");
        ResultsFiles
            .Read(
                List(
                    false,
                    Item
                        + ","
                        + Item.Replace("\"a\"", "\"b\"", StringComparison.Ordinal).Replace("\"r\"", "\"s\"", StringComparison.Ordinal)
                )
            )
            .Problems.Single()
            .Reason.ShouldBe("SeveralSubjects");
    }
}
