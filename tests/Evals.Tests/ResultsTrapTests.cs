using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests;

/// <summary>What looks like a result and is none: each trap of each tool's format, one change away from a sound file.</summary>
public sealed class ResultsTrapTests
{
    [Theory]
    // promptfoo: counts that lie, several systems, contradictions, filtered tables.
    [InlineData("promptfoo-v3.json", "\"successes\": 2", "\"successes\": 3", "CountsDisagree")]
    [InlineData("promptfoo-v3.json", "\"failures\": 1", "\"failures\": 0", "CountsDisagree")]
    [InlineData("promptfoo-v3.json", "\"errors\": 0", "\"errors\": 1", "CountsDisagree")]
    [InlineData("promptfoo-outputs.json", "\"total\": 2", "\"total\": 3", "CountsDisagree")]
    [InlineData("promptfoo-v2.json", "\"failures\": 1", "\"failures\": 2", "CountsDisagree")]
    [InlineData("promptfoo-v3.json", "\"promptIdx\": 0, \"testIdx\": 2", "\"promptIdx\": 1, \"testIdx\": 2", "SeveralSubjects")]
    [InlineData("promptfoo.jsonl", "\"id\": \"agent\"", "\"id\": \"other\"", "SeveralSubjects")]
    [InlineData(
        "promptfoo-v3.json",
        "{\"pass\": true, \"score\": 1, \"reason\": \"ok\"}",
        "{\"pass\": false, \"score\": 1, \"reason\": \"ok\"}",
        "CountsDisagree"
    )]
    [InlineData("promptfoo-table.json", "\"filteredCount\": 2", "\"filteredCount\": 1", "RunIncomplete")]
    // Inspect AI: runs that did not end, and invalidated ones.
    [InlineData("inspect.json", "\"status\": \"success\"", "\"status\": \"cancelled\"", "RunIncomplete")]
    [InlineData("inspect.json", "\"status\": \"success\"", "\"status\": \"started\"", "RunIncomplete")]
    [InlineData("inspect.json", "\"status\": \"success\"", "\"status\": \"error\", \"error\": {\"message\": \"boom\"}", "RunIncomplete")]
    [InlineData("inspect.json", "\"status\": \"success\"", "\"status\": \"success\", \"invalidated\": true", "RunIncomplete")]
    [InlineData("inspect.json", "\"limit\": null", "\"invalidation\": {\"author\": \"x\"}", "RunIncomplete")]
    [InlineData("inspect.json", "\"completed_samples\": 6", "\"completed_samples\": 5", "RunIncomplete")]
    [InlineData(
        "inspect.json",
        "\"total_samples\": 6, \"completed_samples\": 6",
        "\"total_samples\": 7, \"completed_samples\": 7",
        "CountsDisagree"
    )]
    [InlineData("inspect.json", "\"results\":", "\"outcome\":", "RunIncomplete")]
    [InlineData("inspect.json", "\"samples\": [", "\"others\": [", "CountsDisagree")]
    [InlineData("inspect.json", "\"epoch\": 2", "\"epoch\": 1", "DuplicateCases")]
    [InlineData("inspect.json", "\"value\": \"P\"", "\"value\": \"excellent\"", "ScoreInvalid")]
    [InlineData("inspect.json", "\"value\": 1}", "\"value\": 5}", "ScoreInvalid")]
    [InlineData("inspect.json", "\"value\": 1}", "\"value\": -0.1}", "ScoreInvalid")]
    [InlineData("inspect.json", "\"value\": 1}", "\"value\": {\"a\": 1}}", "ScoreInvalid")]
    // DeepEval: counts and contradictions.
    [InlineData("deepeval.json", "\"testPassed\": 2", "\"testPassed\": 3", "CountsDisagree")]
    [InlineData("deepeval.json", "\"testFailed\": 1", "\"testFailed\": 0", "CountsDisagree")]
    [InlineData("deepeval.json", "\"success\": true, \"score\": 0.8", "\"success\": false, \"score\": 0.8", "CountsDisagree")]
    [InlineData("deepeval.json", "\"name\": \"test_refund\", ", "", "ResultsUnreadable")]
    // JUnit: counts, DTDs, other XML.
    [InlineData("junit-pytest.xml", "tests=\"4\"", "tests=\"3\"", "CountsDisagree")]
    [InlineData("junit-surefire.xml", "tests=\"3\"", "tests=\"2\"", "CountsDisagree")]
    [InlineData("junit-surefire.xml", "tests=\"3\"", "tests=\"6\"", "CountsDisagree")]
    [InlineData("junit-pytest.xml", "failures=\"1\"", "failures=\"2\"", "CountsDisagree")]
    [InlineData("junit-pytest.xml", "errors=\"1\"", "errors=\"0\"", "CountsDisagree")]
    [InlineData("junit-pytest.xml", "skipped=\"1\"", "skipped=\"0\"", "CountsDisagree")]
    [InlineData("junit-pytest.xml", "tests=\"4\"", "tests=\"four\"", "CountsDisagree")]
    [InlineData("junit-gotestsum.xml", "<testsuites tests=\"3\"", "<testsuites tests=\"4\"", "CountsDisagree")]
    [InlineData("junit-surefire.xml", "?>", "?><!DOCTYPE x [<!ENTITY a \"aaaa\">]>", "ResultsUnreadable")]
    [InlineData("junit-surefire.xml", "<testsuite ", "<project ", "UnknownFormat")]
    [InlineData(
        "junit-surefire.xml",
        "name=\"refund\" classname=\"shop.SupportTest\" time=\"0.5\"/>",
        "name=\"refund\"><testcase name=\"a\"/></testcase>",
        "ResultsUnreadable"
    )]
    // Native.
    [InlineData("native.json", "results/v1", "results/v9", "UnknownFormat")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": 1.01,", "ScoreInvalid")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": -1,", "ScoreInvalid")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": NaN,", "ScoreInvalid")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": -Infinity,", "ScoreInvalid")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": 1e999,", "ScoreInvalid")]
    [InlineData("native.json", "\"score\": 1,", "\"score\": \"1\",", "ScoreInvalid")]
    [InlineData("native.json", "\"passed\": false", "\"passed\": \"false\"", "ScoreInvalid")]
    [InlineData("native.json", "\"repeat\": 2", "\"repeat\": 1", "DuplicateCases")]
    [InlineData("native.json", "\"skipped\": true", "\"skipped\": true, \"passed\": true", "CountsDisagree")]
    [InlineData("native.json", "\"id\": \"later\", ", "", "ResultsUnreadable")]
    [InlineData("native.json", "\"passed\": false", "\"passed\": false, \"passed\": true", "ResultsUnreadable")]
    [InlineData("native.jsonl", ", \"cases\": 3", "", "RunIncomplete")]
    // Microsoft.Extensions.AI.Evaluation and OpenAI's Evals API.
    [InlineData("extensions-ai.json", "\"scenarioName\": \"Support.Refund\"", "\"scenarioName\": \"\"", "ResultsUnreadable")]
    [InlineData("openai-evals.json", "\"status\": \"completed\"", "\"status\": \"in_progress\"", "RunIncomplete")]
    [InlineData("openai-evals.json", "\"has_more\": false", "\"has_more\": true", "RunIncomplete")]
    [InlineData("openai-evals.json", "\"output_items\"", "\"others\"", "RunIncomplete")]
    [InlineData("openai-evals.json", "\"total\": 3", "\"total\": 4", "CountsDisagree")]
    [InlineData("openai-evals.json", "\"passed\": 2", "\"passed\": 3", "CountsDisagree")]
    [InlineData("openai-evals.json", "\"failed\": 1", "\"failed\": 0", "CountsDisagree")]
    [InlineData("openai-evals.json", "\"status\": \"fail\"", "\"status\": \"pass\"", "CountsDisagree")]
    [InlineData("openai-evals.json", "\"run_id\": \"evalrun_1\"", "\"run_id\": \"evalrun_2\"", "SeveralSubjects")]
    public void AreRefusedAsAWhole(string file, string from, string to, string reason)
    {
        var results = ResultsFiles.Read(ResultsFiles.Changed(file, from, to));
        results.Problems.Single().Reason.ShouldBe(reason, results.Problems.Single().Message);
        results.Cases.ShouldBeEmpty();
        var verdict = ResultsVerdict.Decide(results, new ResultsBar(new Thresholds(0, 0.5, 1)));
        (verdict.Phase, verdict.Reason, verdict.Score).ShouldBe((EvalPhase.Error, reason, null));
    }

    [Theory]
    [InlineData(
        "promptfoo.jsonl",
        "\"success\": false, \"score\": 0, \"failureReason\": 1",
        "\"success\": false, \"score\": 0, \"failureReason\": 2"
    )]
    [InlineData("promptfoo.jsonl", "\"success\": true, \"score\": 1", "\"success\": true, \"score\": NaN")]
    [InlineData("promptfoo.jsonl", "\"success\": true, \"score\": 1", "\"success\": true, \"score\": null")]
    [InlineData("promptfoo.jsonl", "\"success\": false", "\"success\": null")]
    [InlineData("promptfoo.jsonl", "\"failureReason\": 0", "\"failureReason\": 2")]
    [InlineData("inspect.json", "\"error\": null", "\"error\": {\"message\": \"timeout\"}")]
    [InlineData("inspect.json", "\"scores\": {\"match\": {\"value\": 1}}", "\"scores\": {}")]
    [InlineData("inspect.json", "\"value\": 1}", "\"value\": NaN}")]
    [InlineData("inspect.json", "\"value\": 1}", "\"value\": null}")]
    [InlineData("deepeval.json", "\"score\": 1.0", "\"score\": null, \"error\": \"429\"")]
    [InlineData("deepeval.json", "\"score\": 1.0", "\"score\": NaN")]
    [InlineData("deepeval.json", "{\"name\": \"Completeness\", \"threshold\": 0.5, \"success\": true, \"score\": 1.0}", "")]
    [InlineData("deepeval.json", "\"score\": 1.0", "\"score\": 1.0, \"flaky\": true")]
    [InlineData("junit-surefire.xml", "<properties>", "<error message=\"setup\"/><properties>")]
    [InlineData("native.json", "\"passed\": false", "\"passed\": true, \"error\": \"timeout\"")]
    [InlineData("native.json", "\"passed\": false", "\"score\": null")]
    [InlineData("extensions-ai.json", "\"diagnostics\": []}", "\"diagnostics\": [{\"severity\": \"error\", \"message\": \"429\"}]}")]
    [InlineData("extensions-ai.json", "\"value\": 3", "\"value\": null")]
    [InlineData("extensions-ai.json", "\"value\": 3", "\"value\": \"NaN\"")]
    [InlineData("extensions-ai.json", "\"failed\": false", "\"failed\": null")]
    [InlineData("extensions-ai.json", "\"good\"", "\"inconclusive\"")]
    [InlineData("extensions-ai.json", "\"interpretation\"", "\"other\"")]
    public void AreCasesThatWereNotMeasured(string file, string from, string to)
    {
        var results = ResultsFiles.Read(ResultsFiles.Changed(file, from, to));
        results.Problems.ShouldBeEmpty();
        results.Cases.Count(one => one.Outcome == CaseOutcome.Errored).ShouldBe(1);
        ResultsVerdict.Decide(results, new ResultsBar(new Thresholds(0, 0.5, 1))).Reason.ShouldBe("CasesErrored");
    }

    [Fact]
    public void PromptfoosSumIsNotTakenForAMean()
    {
        var text = ResultsFiles.Text("promptfoo-v3.json");
        text.ShouldContain("\"score\": 2.25");
        // And a test that failed has no part of a point, whatever partial credit promptfoo gives.
        ResultsVerdict.Decide(ResultsFiles.Read(text), new ResultsBar(new Thresholds(0.5, 0.95, 1))).Score!.Value.ShouldBe(2.0 / 3, 1e-12);
    }

    [Fact]
    public void ASecondScorerCannotHideTheFirst() =>
        ResultsFiles
            .Read(ResultsFiles.Changed("inspect.json", "\"value\": 1}}", "\"value\": 1}, \"other\": {\"value\": \"I\"}}"))
            .Cases.Single(one => one.Id == "refund")
            .Score.ShouldBe(0.5);

    [Fact]
    public void WhatIsNotRunIsSkippedWhateverTheDialect()
    {
        var results = ResultsFiles.Read(
            """<testsuite name="g" tests="2"><testcase classname="a" name="b" status="notrun"/><testcase classname="a" """
                + """name="c" status="run"/></testsuite>"""
        );
        ResultsFiles.Summary(results).ShouldBe(["a.b=Skipped:0", "a.c=Passed:1"]);
    }

    [Theory]
    [InlineData("", "NoCases")]
    [InlineData(" \n", "NoCases")]
    [InlineData("{}", "UnknownFormat")]
    [InlineData("[]", "UnknownFormat")]
    [InlineData("42", "UnknownFormat")]
    [InlineData("{\"hello\": 1}", "UnknownFormat")]
    [InlineData("id,passed\na,true\n", "UnknownFormat")]
    [InlineData("<html></html>", "UnknownFormat")]
    [InlineData("<testsuites/>", "NoCases")]
    [InlineData("<testsuite tests=\"0\"></testsuite>", "NoCases")]
    [InlineData(
        "{\"results\": {\"version\": 3, \"results\": [], \"stats\": {\"successes\": 0, \"failures\": 0, \"errors\": 0}}}",
        "NoCases"
    )]
    [InlineData("{\"testCases\": []}", "NoCases")]
    [InlineData("{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": []}", "NoCases")]
    [InlineData("{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": 0}", "NoCases")]
    [InlineData(
        "{\"version\": 2, \"status\": \"success\", \"eval\": {}, \"results\": {\"total_samples\": 0, \"completed_samples\": 0}, "
            + "\"samples\": []}",
        "NoCases"
    )]
    [InlineData("{\"format\": \"agentreadiness.dev/results/v1\", \"cases\": [], \"testCases\": []}", "UnknownFormat")]
    [InlineData("{\"testCases\": []} {\"testCases\": []}", "ResultsUnreadable")]
    [InlineData("PK\u0003\u0004 no archive", "ResultsUnreadable")]
    public void NothingIsNoPass(string text, string reason) => ResultsFiles.Read(text).Problems.Single().Reason.ShouldBe(reason);
}
