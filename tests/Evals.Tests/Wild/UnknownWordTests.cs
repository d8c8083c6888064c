using System.Security;
using CsCheck;

namespace AgentReadiness.Evals.Tests.Wild;

/// <summary>
/// In every reader: a file whose only case passes has one place changed to a word, a name or a value at random, and passes no more,
/// unless the word is one of those that the documentation lists. The lists here are written down a second time on purpose.
/// </summary>
public sealed class UnknownWordTests
{
    private const long Tries = 3_000;

    // docs/evals.md: what a status or a result may say of a case that passed, and of one that was left out.
    private static readonly HashSet<string> Words = new(
        [
            "pass",
            "passed",
            "ok",
            "success",
            "successful",
            "succeeded",
            "run",
            "completed",
            "",
            "skip",
            "skipped",
            "ignored",
            "notrun",
            "disabled",
            "suppressed",
            "pending",
        ],
        StringComparer.OrdinalIgnoreCase
    );

    private static readonly HashSet<string> Elements = new(
        [
            "properties",
            "system-out",
            "system-err",
            "skipped",
            "failure",
            "error",
            "rerunFailure",
            "rerunError",
            "flakyFailure",
            "flakyError",
            "testcase",
            "testsuite",
        ],
        StringComparer.Ordinal
    );

    private static readonly string[] Near =
    [
        "passed",
        "pass",
        "PASSED",
        "Pass",
        "success",
        "ok",
        "true",
        "false",
        "failed",
        "fail",
        "error",
        "errored",
        "skipped",
        "not run",
        "aborted",
        "canceled",
        "queued",
        "unknown",
        "inconclusive",
        "timeout",
        "good",
        "exceptional",
        "completed",
        "NaN",
        "0",
        "1",
        "2",
        "failure",
        "properties",
        "system-out",
        "None",
        "null",
        "Infinity",
    ];

    // Words near to those that count, such words with a letter changed, added or taken, and words of any letters.
    private static readonly Gen<string> Word = Gen.Frequency(
            (2, NearWord()),
            (
                3,
                Gen.Select(
                    NearWord(),
                    Gen.Int[0, 12],
                    Gen.Char['a', 'z'],
                    (word, at, letter) => word.Insert(Math.Min(at, word.Length), $"{letter}")
                )
            ),
            (3, Gen.Select(NearWord(), Gen.Int[0, 12], (word, at) => word.Remove(Math.Min(at, word.Length - 1), 1))),
            (1, NearWord().Select(word => word.ToUpperInvariant())),
            (3, Gen.String[Gen.Char['a', 'z'], 1, 12]),
            (1, Gen.String[Gen.Char[' ', '~'], 1, 8])
        )
        .Where(word => word.Length > 0);

    // Any value of JSON that is not the one that is asked for.
    private static readonly Gen<string> Value = Gen.Frequency(
        (4, Word.Select(word => JsonSerializer.Serialize(word))),
        (2, Gen.Int[-3, 100].Select(number => number.ToString(CultureInfo.InvariantCulture))),
        (1, Gen.Double[-2, 2].Select(number => number.ToString("R", CultureInfo.InvariantCulture))),
        (1, Gen.Const("NaN")),
        (1, Gen.Const("{}")),
        (1, Gen.Const("[]")),
        (1, Word.Select(word => $$"""{"message": {{JsonSerializer.Serialize(word)}}}""")),
        (1, Word.Select(word => $"[{JsonSerializer.Serialize(word)}]"))
    );

    [Theory]
    [InlineData("status")]
    [InlineData("result")]
    [InlineData("outcome")]
    [InlineData("state")]
    [InlineData("conclusion")]
    [InlineData("testResult")]
    [InlineData("success")]
    [InlineData("isPassed")]
    [InlineData("executed")]
    public void JUnit_attributes(string name) =>
        NoPass(
            Word.Where(word => !Words.Contains(word.Trim()))
                .Where(word =>
                    name is not ("success" or "isPassed" or "executed") || word.Trim().ToLowerInvariant() is not ("true" or "yes" or "1")
                ),
            word => $"""<testsuite name="s"><testcase classname="a" name="b" {name}="{SecurityElement.Escape(word)}"/></testsuite>"""
        );

    [Theory]
    [InlineData("""<testsuite name="s"><testcase classname="a" name="b"><WORD/></testcase></testsuite>""")]
    [InlineData("""<testsuite name="s"><testcase classname="a" name="b"><WORD message="x">y</WORD><system-out/></testcase></testsuite>""")]
    [InlineData("""<testsuites><testsuite name="s"><testcase classname="a" name="b"/><WORD/></testsuite></testsuites>""")]
    [InlineData("""<testsuites><testsuite name="s"><testcase classname="a" name="b"/></testsuite><WORD/></testsuites>""")]
    public void JUnit_elements(string file) =>
        NoPass(
            Gen.String[Gen.Char['a', 'z'], 1, 10]
                .Select(NearWord(), (random, near) => random.Length % 2 == 0 ? random : near + random[..1])
                .Where(word => char.IsLetter(word[0]) && word.All(letter => char.IsAsciiLetter(letter) || letter == '-'))
                .Where(word => !Elements.Contains(word)),
            word => file.Replace("WORD", word, StringComparison.Ordinal)
        );

    [Fact]
    public void JUnit_texts() =>
        NoPass(
            Word.Where(word => !string.IsNullOrWhiteSpace(word)),
            word => $"""<testsuite name="s"><testcase classname="a" name="b">{SecurityElement.Escape(word)}</testcase></testsuite>"""
        );

    [Theory]
    [InlineData(
        """{"promptIdx": 0, "success": VALUE, "score": 1, "testCase": {"assert": [{"type": "equals"}]}, "vars": {"q": 1}}""",
        "true"
    )]
    [InlineData(
        """{"promptIdx": 0, "success": true, "failureReason": VALUE, "score": 1, "testCase": {"assert": [{"type": "equals"}]}}""",
        "0"
    )]
    [InlineData(
        """{"promptIdx": 0, "success": true, "score": 1, "gradingResult": {"pass": VALUE}, "testCase": {"assert": [{"type": "equals"}]}}""",
        "true"
    )]
    [InlineData(
        """{"promptIdx": 0, "success": true, "score": 1, "error": VALUE, "testCase": {"assert": [{"type": "equals"}]}, "vars": {"q": 1}}""",
        "\"\" {} []"
    )]
    [InlineData(
        """{"promptIdx": 0, "success": true, "score": 1, "status": VALUE, "testCase": {"assert": [{"type": "equals"}]}}""",
        "WORDS"
    )]
    public void Promptfoo(string file, string allowed) => NoPass(file, allowed);

    [Theory]
    [InlineData("""{"testCases": [{"name": "a", "success": VALUE, "metricsData": [{"success": true, "score": 1}]}]}""", "true")]
    [InlineData("""{"testCases": [{"name": "a", "success": true, "metricsData": [{"success": VALUE, "score": 1}]}]}""", "true")]
    [InlineData("""{"testCases": [{"name": "a", "success": true, "metricsData": [{"success": true, "score": VALUE}]}]}""", "SCORES")]
    [InlineData("""{"testCases": [{"name": "a", "success": true, "metricsData": VALUE}]}""", "")]
    [InlineData(
        """{"testCases": [{"name": "a", "success": true, "metricsData": [{"success": true, "score": 1, "error": VALUE}]}]}""",
        "\"\" {} []"
    )]
    [InlineData(
        """{"testCases": [{"name": "a", "success": true, "status": VALUE, "metricsData": [{"success": true, "score": 1}]}]}""",
        "WORDS"
    )]
    public void DeepEval(string file, string allowed) => NoPass(file, allowed);

    [Theory]
    [InlineData("\"scores\": {\"m\": {\"value\": VALUE}}", "\"C\" 1 true")]
    [InlineData("\"scores\": {\"m\": {\"value\": \"C\"}, \"n\": VALUE}", "")]
    [InlineData("\"scores\": VALUE", "")]
    [InlineData("\"scores\": {\"m\": {\"value\": \"C\"}}, \"error\": VALUE", "\"\" []")]
    [InlineData("\"scores\": {\"m\": {\"value\": \"C\"}}, \"status\": VALUE", "WORDS")]
    public void Inspect(string members, string allowed) =>
        NoPass(
            """{"status": "success", "eval": {}, "results": {"total_samples": 1, "completed_samples": 1}, "samples": [{"id": 1, """
                + members
                + "}]}",
            allowed
        );

    [Fact]
    public void Inspects_status() =>
        NoPass(
            """{"status": VALUE, "eval": {}, "results": {"total_samples": 1, "completed_samples": 1}, "samples": [{"id": 1, """
                + "\"scores\": {\"m\": {\"value\": 1}}}]}",
            "\"success\""
        );

    [Theory]
    [InlineData("\"status\": VALUE, \"results\": [{\"passed\": true, \"score\": 1}]", "\"pass\" \"passed\" \"completed\"")]
    [InlineData("\"status\": \"pass\", \"results\": [{\"passed\": VALUE, \"score\": 1}]", "true")]
    [InlineData("\"status\": \"pass\", \"results\": [{\"passed\": true, \"score\": VALUE}]", "NUMBERS")]
    [InlineData("\"status\": \"pass\", \"results\": VALUE", "")]
    [InlineData("\"status\": \"pass\", \"results\": [{\"passed\": true, \"score\": 1}], \"sample\": {\"error\": VALUE}", "\"\" {} []")]
    [InlineData("\"status\": \"pass\", \"results\": [{\"passed\": true, \"score\": 1, \"status\": VALUE}]", "WORDS")]
    public void OpenAIEvals(string members, string allowed) =>
        NoPass("""{"object": "list", "data": [{"object": "eval.run.output_item", "id": "a", """ + members + "}]}", allowed);

    [Theory]
    [InlineData("\"outputs.r.r\": 5, \"outputs.r.r_result\": VALUE", "\"pass\"")]
    [InlineData("\"outputs.r.r\": 5, \"outputs.r.r_result\": \"pass\", \"outputs.r.r_status\": VALUE", "\"completed\" \"COMPLETED\"")]
    [InlineData("\"outputs.r.r\": 5, \"outputs.r.r_result\": \"pass\", \"outputs.r.r_passed\": VALUE", "true")]
    [InlineData("\"outputs.r.r\": 5, \"outputs.r.r_result\": \"pass\", \"outputs.r.r_error\": VALUE", "\"\"")]
    public void Azure(string columns, string allowed) =>
        NoPass("""{"metrics": {}, "rows": [{"inputs.id": "a", """ + columns + "}]}", allowed);

    [Theory]
    [InlineData("\"value\": 4, \"interpretation\": {\"rating\": VALUE, \"failed\": false}", "RATINGS")]
    [InlineData("\"value\": 4, \"interpretation\": {\"rating\": \"good\", \"failed\": VALUE}", "false")]
    [InlineData("\"value\": VALUE, \"interpretation\": {\"rating\": \"good\", \"failed\": false}", "NUMBERS")]
    [InlineData("\"value\": 4, \"interpretation\": VALUE", "")]
    [InlineData(
        "\"value\": 4, \"interpretation\": {\"rating\": \"good\", \"failed\": false}, \"diagnostics\": [{\"severity\": VALUE}]",
        "\"warning\" \"informational\""
    )]
    public void ExtensionsAI(string members, string allowed) =>
        NoPass("""{"scenarioName": "a", "evaluationResult": {"metrics": {"m": {"$type": "numeric", """ + members + "}}}}", allowed);

    [Theory]
    [InlineData("\"passed\": VALUE", "true")]
    [InlineData("\"score\": VALUE", "1")]
    [InlineData("\"passed\": true, \"skipped\": VALUE", "false")]
    [InlineData("\"passed\": true, \"error\": VALUE", "")]
    [InlineData("\"passed\": true, \"status\": VALUE", "WORDS")]
    public void Native(string members, string allowed) =>
        NoPass("""{"format": "agentreadiness.dev/results/v1", "cases": [{"id": "a", """ + members + "}]}", allowed);

    private static Gen<string> NearWord() => Gen.Int[0, Near.Length - 1].Select(i => Near[i]);

    private static void NoPass(string file, string allowed)
    {
        // The property would hold for a file that never passes: with a value that is listed, it does.
        var sound = allowed.Split(' ')[0] switch
        {
            "" => null,
            "NUMBERS" or "SCORES" => "1",
            "WORDS" => "\"passed\"",
            "RATINGS" => "\"good\"",
            var one => one,
        };
        if (sound is not null)
            ResultsFiles.Read(file.Replace("VALUE", sound, StringComparison.Ordinal)).Cases.Single().Outcome.ShouldBe(CaseOutcome.Passed);
        NoPass(Value.Where(value => !Allowed(value, allowed)), value => file.Replace("VALUE", value, StringComparison.Ordinal));
    }

    // Whether a value may be that of a pass, by the second list.
    private static bool Allowed(string value, string allowed)
    {
        var number = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var read) && double.IsFinite(read);
        var text = value.StartsWith('"') ? JsonSerializer.Deserialize<string>(value)! : null;
        return allowed
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Any(one =>
                one switch
                {
                    "NUMBERS" => number,
                    "SCORES" => number && read is >= 0 and <= 1,
                    "WORDS" => Words.Contains(text?.Trim() ?? value),
                    "RATINGS" => text?.ToLowerInvariant() is "average" or "good" or "exceptional",
                    "1" => number && read == 1,
                    _ => one == value
                        || (one.StartsWith('"') && one.Equals(value, StringComparison.OrdinalIgnoreCase) && one != "\"pass\""),
                }
            );
    }

    private static void NoPass(Gen<string> values, Func<string, string> file) =>
        values.Sample(
            value =>
            {
                var results = ResultsFiles.Read(file(value));
                return results.Cases.All(one => one.Outcome != CaseOutcome.Passed)
                    || results.Cases.Any(one => one.Outcome == CaseOutcome.Errored);
            },
            iter: Tries,
            print: file
        );
}
