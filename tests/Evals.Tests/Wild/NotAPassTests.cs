using AgentReadiness.Contracts.Evals;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// Members of each kind that once passed, or could: what is said is not a pass in the words of its tool. The case is errored, and the
/// fault has the word.
/// </summary>
public sealed class NotAPassTests
{
    [Theory]
    [InlineData("""<testcase classname="a" name="b"><aborted/></testcase>""", "<aborted>")]
    [InlineData("""<testcase classname="a" name="b"><Failure message="x"/></testcase>""", "<Failure>")]
    [InlineData("""<testcase classname="a" name="b"><FAILURE/></testcase>""", "<FAILURE>")]
    [InlineData("""<testcase classname="a" name="b"><failed/></testcase>""", "<failed>")]
    [InlineData("""<testcase classname="a" name="b"><warning type="x"/></testcase>""", "<warning>")]
    [InlineData("""<testcase classname="a" name="b"><risky/></testcase>""", "<risky>")]
    [InlineData("""<testcase classname="a" name="b"><x:skipped xmlns:x="urn:x"/></testcase>""", "<x:skipped>")]
    [InlineData("""<testcase classname="a" name="b"><system-out xmlns="urn:x"/></testcase>""", "<system-out>")]
    [InlineData("""<testcase classname="a" name="b"><properties><failure/></properties></testcase>""", "<failure>")]
    [InlineData("""<testcase classname="a" name="b">FAILED</testcase>""", "\"FAILED\"")]
    [InlineData("""<testcase classname="a" name="b"><![CDATA[aborted]]></testcase>""", "\"aborted\"")]
    [InlineData("""<testcase classname="a" name="b" status="not run"/>""", "status is \"not run\"")]
    [InlineData("""<testcase classname="a" name="b" status="NOT_RUN"/>""", "\"NOT_RUN\"")]
    [InlineData("""<testcase classname="a" name="b" status="aborted"/>""", "\"aborted\"")]
    [InlineData("""<testcase classname="a" name="b" status="Inconclusive"/>""", "\"Inconclusive\"")]
    [InlineData("""<testcase classname="a" name="b" status="undefined"/>""", "\"undefined\"")]
    [InlineData("""<testcase classname="a" name="b" status="timedout"/>""", "\"timedout\"")]
    [InlineData("""<testcase classname="a" name="b" status="passed?"/>""", "\"passed?\"")]
    [InlineData("""<testcase classname="a" name="b" status="not passed"/>""", "\"not passed\"")]
    [InlineData("""<testcase classname="a" name="b" status="0"/>""", "\"0\"")]
    [InlineData("""<testcase classname="a" name="b" status="1"/>""", "\"1\"")]
    [InlineData("""<testcase classname="a" name="b" result="true"/>""", "\"true\"")]
    [InlineData("""<testcase classname="a" name="b" status="NaN"/>""", "\"NaN\"")]
    [InlineData("""<testcase classname="a" name="b" result="canceled"/>""", "result is \"canceled\"")]
    [InlineData("""<testcase classname="a" name="b" outcome="NotExecuted"/>""", "outcome is \"NotExecuted\"")]
    [InlineData("""<testcase classname="a" name="b" state="Unknown"/>""", "state is \"Unknown\"")]
    [InlineData("""<testcase classname="a" name="b" verdict="maybe"/>""", "\"maybe\"")]
    [InlineData("""<testcase classname="a" name="b" executed="False"/>""", "executed is \"False\"")]
    [InlineData("""<testcase classname="a" name="b" run="no"/>""", "run is \"no\"")]
    [InlineData("""<testcase classname="a" name="b" success="perhaps"/>""", "success is \"perhaps\"")]
    [InlineData("""<testcase classname="a" name="b" aborted="true"/>""", "aborted is \"true\"")]
    [InlineData("""<testcase classname="a" name="b" failure="1 == 2"/>""", "failure is \"1 == 2\"")]
    [InlineData("""<testcase classname="a" name="b" error="boom"/>""", "error is \"boom\"")]
    [InlineData("""<testcase classname="a" name="b" exitcode="1"/>""", "exitcode is \"1\"")]
    [InlineData("""<testcase classname="a" name="b" exit-code="137"/>""", "exit-code is \"137\"")]
    [InlineData("""<testcase classname="a" name="b" error-message="boom"/>""", "error-message is \"boom\"")]
    [InlineData("""<testcase classname="a" name="b" failureReason="late"/>""", "failureReason is \"late\"")]
    [InlineData("""<testcase classname="a" name="b" exception_type="OOM"/>""", "exception_type is \"OOM\"")]
    [InlineData("""<testcase classname="a" name="b" ѕtatus="failed"/>""", "the attribute \u0455tatus")]
    [InlineData("""<testcase classname="a" name="b" test-status="broken?"/>""", "\"broken?\"")]
    [InlineData("""<testcase classname="a" name="b" finalResult="Warning"/>""", "\"Warning\"")]
    [InlineData("""<testcase classname="a" name="b" status="passed" result="nothing"/>""", "\"nothing\"")]
    [InlineData("""<testcase classname="a" name="b"/><aborted/>""", "<aborted>")]
    [InlineData("""<testcase classname="a" name="b"/><TestCase name="c"/>""", "<TestCase>")]
    [InlineData("""<testcase classname="a" name="b"/>Killed""", "\"Killed\"")]
    [InlineData("""<testcase classname="a" name="b"/><failure type="subtestsFailed"/>""", "no test in it did")]
    public void JUnit(string content, string word) => Errored($"""<testsuite name="s">{content}</testsuite>""", word);

    [Theory]
    [InlineData("status=\"aborted\"", "\"aborted\"")]
    [InlineData("result=\"Failed\"", "\"Failed\"")]
    [InlineData("success=\"False\"", "\"False\"")]
    [InlineData("aborted=\"2\"", "aborted is 2")]
    [InlineData("inconclusive=\"1\"", "inconclusive is 1")]
    [InlineData("failed=\"1\"", "failed is 1")]
    public void JUnit_suites(string attribute, string word) =>
        Errored($"""<testsuite name="s" {attribute}><testcase classname="a" name="b"/></testsuite>""", word);

    [Theory]
    [InlineData("success=\"False\"")]
    [InlineData("passed=\"no\"")]
    [InlineData("isSuccess=\"0\"")]
    [InlineData("failed=\"true\"")]
    [InlineData("status=\"FAIL\"")]
    public void JUnit_says_failed_in_words_that_are_known(string attribute) =>
        Outcomes($"""<testsuite name="s"><testcase classname="a" name="b" {attribute}/></testsuite>""").ShouldBe([CaseOutcome.Failed]);

    [Theory]
    // Names that hold such a word and tell no outcome, and values that say nothing.
    [InlineData("runtime=\"x\" run-id=\"7\" resultsFile=\"a.xml\" passed_checks=\"3\"")]
    [InlineData("status=\"\" failed=\"false\" skipped=\"0\" error=\"\"")]
    [InlineData("status=\"Passed\" result=\"completed\" success=\"TRUE\" executed=\"True\"")]
    [InlineData("exit_code=\"0\" error-message=\"\" failure_reason=\"none\" status_code=\"200\" max-errors=\"5\"")]
    [InlineData("status=\"run\" type_param=\"int\" file=\"a.cc\" line=\"3\"")]
    public void JUnit_passes_beside_what_is_known(string attributes) =>
        Outcomes($"""<testsuite name="s"><testcase classname="a" name="b" {attributes}/></testsuite>""").ShouldBe([CaseOutcome.Passed]);

    [Theory]
    [InlineData("\"success\": \"true\"", "\"true\"")]
    [InlineData("\"success\": 1", "success is 1")]
    [InlineData("\"success\": \"PASS\"", "\"PASS\"")]
    [InlineData("\"success\": true, \"failureReason\": 3", "failureReason is 3")]
    [InlineData("\"success\": true, \"failureReason\": 1", "failureReason is 1")]
    [InlineData("\"success\": true, \"failureReason\": \"error\"", "failureReason is \"error\"")]
    [InlineData("\"success\": true, \"error\": \"HTTP 500\"", "HTTP 500")]
    [InlineData("\"success\": true, \"error\": {\"code\": 500}", "500")]
    [InlineData("\"success\": true, \"error\": true", "error")]
    [InlineData("\"success\": true, \"error\": [\"late\"]", "late")]
    [InlineData("\"success\": true, \"score\": \"1\"", "without a score")]
    [InlineData("\"success\": true, \"score\": NaN", "without a score")]
    [InlineData("\"success\": true, \"gradingResult\": \"passed\"", "\"passed\"")]
    [InlineData("\"success\": true, \"gradingResult\": {\"pass\": \"false\"}", "\"false\"")]
    [InlineData("\"success\": true, \"gradingResult\": {\"pass\": 0}", "gradingResult.pass is 0")]
    [InlineData("\"success\": true, \"status\": \"aborted\"", "\"aborted\"")]
    [InlineData("\"success\": true, \"skipped\": true", "skipped is true")]
    public void Promptfoo(string members, string word) =>
        Errored("""{"version": 3, "results": [{"promptIdx": 0, "vars": {"q": 1}, """ + members + "}]}", word);

    [Theory]
    [InlineData(
        "\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": \"False\", \"score\": 0.9, \"threshold\": 0.5}]",
        "\"False\""
    )]
    [InlineData("\"success\": true, \"metricsData\": [{\"name\": \"m\", \"score\": 0.9}]", "neither success nor threshold")]
    [InlineData("\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": \"high\"}]", "no score")]
    [InlineData(
        "\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1, \"error\": {\"type\": \"429\"}}]",
        "429"
    )]
    [InlineData("\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1, \"error\": true}]", "error: true")]
    [InlineData(
        "\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1, \"skipped\": true}]",
        "skipped is true"
    )]
    [InlineData(
        "\"success\": true, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1, \"status\": \"late\"}]",
        "\"late\""
    )]
    [InlineData("\"success\": \"yes\", \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1}]", "\"yes\"")]
    [InlineData("\"success\": 1, \"metricsData\": [{\"name\": \"m\", \"success\": true, \"score\": 1}]", "success is 1")]
    [InlineData("\"success\": true, \"metricsData\": {\"m\": true}", "an object")]
    [InlineData("\"success\": true, \"metricsData\": []", "no metric measured it")]
    [InlineData("\"success\": true, \"error\": \"x\", \"metricsData\": [{\"success\": true, \"score\": 1}]", "x")]
    public void DeepEval(string members, string word) =>
        Errored("""{"testCases": [{"name": "a", """ + members + "}], \"testPassed\": 1}", word);

    [Theory]
    [InlineData("\"error\": \"timeout\"", "timeout")]
    [InlineData("\"error\": {}", "error")]
    [InlineData("\"error\": 5", "5")]
    [InlineData("\"error\": [\"late\"]", "late")]
    [InlineData("\"error\": true", "true")]
    [InlineData("\"status\": \"cancelled\"", "\"cancelled\"")]
    [InlineData("\"completed\": \"no\"", "completed is \"no\"")]
    public void Inspect(string member, string word) => Errored(InspectLog("\"scores\": {\"m\": {\"value\": 1}}, " + member), word);

    [Theory]
    [InlineData("{\"m\": {\"value\": 1}, \"other\": 1}", "other")]
    [InlineData("{\"m\": {\"value\": 1}, \"other\": {\"answer\": \"x\"}}", "other")]
    [InlineData("{\"m\": {\"value\": 1}, \"other\": null}", "other")]
    [InlineData("[{\"value\": 1}]", "a list")]
    [InlineData("\"C\"", "\"C\"")]
    public void Inspects_scorers(string scores, string word) => Errored(InspectLog($"\"scores\": {scores}"), word);

    [Theory]
    [InlineData("queued")]
    [InlineData("canceled")]
    [InlineData("cancelled")]
    [InlineData("in_progress")]
    [InlineData("PASS")]
    [InlineData("unknown")]
    public void OpenAI_statuses(string status) => Errored(OpenAIRun($"\"status\": \"{status}\", {Graded}"), $"\"{status}\"");

    [Theory]
    [InlineData("\"status\": 1, " + Graded, "its status is 1")]
    [InlineData("\"status\": {}, " + Graded, "an object")]
    [InlineData("\"status\": \"pass\", \"error\": \"x\", " + Graded, "x")]
    [InlineData("\"status\": \"pass\", \"sample\": {\"error\": \"late\"}, " + Graded, "late")]
    [InlineData("\"status\": \"pass\", \"sample\": {\"error\": {\"code\": 5}}, " + Graded, "5")]
    [InlineData("\"results\": [{\"passed\": \"true\"}]", "\"true\"")]
    [InlineData("\"results\": [{\"passed\": 1}]", "passed is 1")]
    [InlineData("\"results\": [\"pass\"]", "no result")]
    [InlineData("\"results\": {\"passed\": true}", "an object")]
    [InlineData("\"results\": [{\"passed\": true, \"status\": \"skipped\"}]", "\"skipped\"")]
    [InlineData("\"results\": [{\"passed\": true, \"error\": {\"message\": \"429\"}}]", "429")]
    [InlineData("\"results\": [{\"passed\": true, \"score\": NaN}]", "no result")]
    [InlineData("\"results\": [{\"passed\": true, \"reason\": \"Not applicable: no tools\"}]", "Not applicable")]
    public void OpenAI(string members, string word) => Errored(OpenAIRun(members), word);

    [Theory]
    [InlineData("\"outputs.r.r_reason\": \"Not applicable: no tool was called\"", "not applicable")]
    [InlineData("\"outputs.r.r_reason\": \"NOT_APPLICABLE\"", "not applicable")]
    [InlineData("\"outputs.r.r_reason\": \"Response is empty; evaluation is not applicable.\"", "not applicable")]
    [InlineData("\"outputs.r.r_status\": \"skipped\"", "\"skipped\"")]
    [InlineData("\"outputs.r.r_status\": \"error\"", "\"error\"")]
    [InlineData("\"outputs.r.r_status\": 3", "is 3")]
    [InlineData("\"outputs.f.f\": NaN", "outputs.f.f is NaN")]
    [InlineData("\"outputs.f.f_score\": NaN", "is NaN")]
    [InlineData("\"outputs.f.f\": null", "no value")]
    [InlineData("\"outputs.f.f_result\": \"not_applicable\"", "\"not_applicable\"")]
    [InlineData("\"outputs.f.f_result\": \"Pass\"", "\"Pass\"")]
    [InlineData("\"outputs.f.f_result\": true", "true")]
    [InlineData("\"outputs.f.f_result\": 1", "is 1")]
    [InlineData("\"outputs.r.r_passed\": false", "outputs.r.r_passed is false")]
    [InlineData("\"outputs.r.r_passed\": null", "null")]
    [InlineData("\"outputs.r.r_error\": \"429\"", "429")]
    [InlineData("\"outputs.r.error_message\": \"429\"", "429")]
    [InlineData("\"error\": \"late\"", "late")]
    public void Azure(string column, string word) =>
        Errored($$"""{"metrics": {}, "rows": [{"inputs.id": "a", "outputs.r.r": 5, "outputs.r.r_result": "pass", {{column}}}]}""", word);

    [Theory]
    [InlineData("\"interpretation\": {\"rating\": 1, \"failed\": false}", "rating is 1")]
    [InlineData("\"interpretation\": {\"rating\": 5, \"failed\": false}", "rating is 5")]
    [InlineData("\"interpretation\": {\"rating\": 99, \"failed\": false}", "rating is 99")]
    [InlineData("\"interpretation\": {\"rating\": \"unknown\", \"failed\": false}", "\"unknown\"")]
    [InlineData("\"interpretation\": {\"rating\": \"INCONCLUSIVE\", \"failed\": false}", "\"INCONCLUSIVE\"")]
    [InlineData("\"interpretation\": {\"rating\": \"great\", \"failed\": false}", "\"great\"")]
    [InlineData("\"interpretation\": {\"failed\": false}", "rating is null")]
    [InlineData("\"interpretation\": {\"rating\": \"good\", \"failed\": \"false\"}", "\"false\"")]
    [InlineData("\"interpretation\": {\"rating\": \"good\", \"failed\": 0}", "failed is 0")]
    [InlineData("\"interpretation\": \"good\"", "\"good\"")]
    [InlineData($"{Good}, \"diagnostics\": [{{\"severity\": 2, \"message\": \"429\"}}]", "severity is 2")]
    [InlineData($"{Good}, \"diagnostics\": [{{\"severity\": \"fatal\", \"message\": \"429\"}}]", "\"fatal\"")]
    [InlineData($"{Good}, \"diagnostics\": [\"429\"]", "severity is null")]
    [InlineData($"{Good}, \"diagnostics\": \"429\"", "429")]
    [InlineData($"{Good}, \"status\": \"aborted\"", "\"aborted\"")]
    public void ExtensionsAI(string members, string word) => Errored(Scenario($"\"value\": 4, {members}"), word);

    [Theory]
    [InlineData("NaN")]
    [InlineData("null")]
    [InlineData("\"4\"")]
    public void ExtensionsAI_values(string value) => Errored(Scenario($"\"value\": {value}, {Good}"), "value");

    [Theory]
    [InlineData("\"passed\": true, \"status\": \"aborted\"", "\"aborted\"")]
    [InlineData("\"passed\": true, \"outcome\": \"queued\"", "\"queued\"")]
    [InlineData("\"passed\": true, \"skipped\": \"yes\"", "\"yes\"")]
    [InlineData("\"passed\": true, \"skipped\": 1", "skipped is 1")]
    [InlineData("\"score\": 1, \"errors\": [\"429\"]", "429")]
    [InlineData("\"score\": 1, \"failed\": true", "failed is true")]
    [InlineData("\"score\": 1, \"success\": false", "success is false")]
    [InlineData("\"score\": 1, \"error\": {\"code\": 1}", "error")]
    [InlineData("\"score\": 1, \"error\": true", "error")]
    public void Native(string members, string word) =>
        Errored($$"""{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "a", {{members}}}]}""", word);

    [Theory]
    [InlineData("""<testsuite name="s"><testcase classname="a" name="b" assertions="0"/></testsuite>""")]
    [InlineData(
        """{"version": 3, "results": [{"promptIdx": 0, "success": true, "gradingResult": {"pass": true, "reason": "No assertions"}}]}"""
    )]
    [InlineData("""{"version": 3, "results": [{"promptIdx": 0, "success": true, "testCase": {"vars": {"q": 1}, "assert": []}}]}""")]
    [InlineData(
        """{"version": 3, "results": [{"promptIdx": 0, "success": true, "testCase": {"vars": {"q": 1}}, "gradingResult": null}]}"""
    )]
    [InlineData("""{"testCases": [{"name": "a", "success": null, "metricsData": []}]}""")]
    [InlineData("""{"testCases": [{"name": "a", "metricsData": null}]}""")]
    [InlineData("""{"scenarioName": "a", "executionName": "e", "evaluationResult": {"metrics": {}}}""")]
    [InlineData("""{"object": "list", "data": [{"object": "eval.run.output_item", "id": "a", "status": "completed", "results": []}]}""")]
    [InlineData("""{"metrics": {}, "rows": [{"inputs.id": "a"}]}""")]
    public void A_case_that_measured_nothing_is_no_case(string file)
    {
        var results = ResultsFiles.Read(file);
        results.Problems.ShouldBeEmpty();
        var one = results.Cases.Single();
        one.Outcome.ShouldBe(CaseOutcome.Skipped);
        one.Fault.ShouldNotBeNullOrEmpty();
        var verdict = ResultsVerdict.Decide(results, new ResultsBar(new Thresholds(0, 0.5, 1)));
        (verdict.Phase, verdict.Reason).ShouldBe((EvalPhase.Error, EvalReasons.NoCases));
        verdict.Message.ShouldContain(one.Fault);
    }

    [Fact]
    public void A_log_whose_samples_nobody_scored_has_no_cases() =>
        ResultsFiles.Read(InspectLog("\"scores\": null")).Problems.Single().Reason.ShouldBe(EvalReasons.NoCases);

    private const string Graded = "\"results\": [{\"passed\": true, \"score\": 1}]";

    private const string Good = "\"interpretation\": {\"rating\": \"good\", \"failed\": false}";

    private static string InspectLog(string members) =>
        $$"""
            {"version": 2, "status": "success", "eval": {}, "results": {"total_samples": 1, "completed_samples": 1},
             "samples": [{"id": 1, "epoch": 1, {{members}}}]}
            """;

    private static string OpenAIRun(string members) =>
        $$"""
            {"object": "eval.run", "id": "r", "status": "completed", "result_counts": {"total": 1},
             "output_items": [{"object": "eval.run.output_item", "id": "a", "run_id": "r", {{members}}}]}
            """;

    private static string Scenario(string metric) =>
        """{"scenarioName": "a", "evaluationResult": {"metrics": {"m": {"$type": "numeric", "name": "m", """ + metric + "}}}}";

    private static List<CaseOutcome> Outcomes(string file)
    {
        var results = ResultsFiles.Read(file);
        results.Problems.ShouldBeEmpty();
        return [.. results.Cases.Select(one => one.Outcome)];
    }

    private static void Errored(string file, string word)
    {
        var results = ResultsFiles.Read(file);
        results.Problems.ShouldBeEmpty();
        results.Cases.Where(one => one.Outcome == CaseOutcome.Errored).ShouldHaveSingleItem().Fault.ShouldNotBeNull().ShouldContain(word);
        ResultsVerdict.Decide(results, new ResultsBar(new Thresholds(0, 0.5, 1))).Reason.ShouldBe(EvalReasons.CasesErrored);
    }
}
