using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

/// <summary>Expectations as a case writes them.</summary>
public sealed class CaseGraderTests
{
    private static async Task<Grade> GradeAsync(string expect, Answer answer, RefusalRule? rule = null)
    {
        var line = $$"""{"id":"a","input":"hi","expect":{{expect}}}""";
        var cases = await CasesFile.ReadAsync(
            Encoding.UTF8.GetBytes(line),
            yaml: false,
            new CaseContext(rule ?? new RefusalRule()),
            default
        );
        return await cases.Single().Grader!.GradeAsync(answer, default);
    }

    [Theory]
    [InlineData("""{"contains":"a","regex":"b$"}""", "a b", true)]
    [InlineData("""{"contains":"a","regex":"b$"}""", "a", false)]
    [InlineData("""{"contains":"a","regex":"b$"}""", "b", false)]
    [InlineData("""{"any":[{"exact":"yes"},{"exact":"no"}]}""", "no", true)]
    [InlineData("""{"any":[{"exact":"yes"},{"exact":"no"}]}""", "maybe", false)]
    [InlineData("""{"contains":"!","any":[{"contains":["a","b"]},{"regex":"^c","number":{"value":1}}]}""", "c 1!", true)]
    [InlineData("""{"contains":"!","any":[{"contains":["a","b"]},{"regex":"^c","number":{"value":1}}]}""", "c 2!", false)]
    [InlineData("""{"any":[{"any":[{"exact":"x"}]},{"exact":"y"}]}""", "x", true)]
    [InlineData("""{"jsonPath":{"path":"$.status","equals":"open"}}""", """{"status":"open"}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.status","equals":"open"}}""", "Here: ```json\n{\"status\":\"open\"}\n```", true)]
    [InlineData("""{"jsonPath":{"path":"$.status","equals":"open"}}""", """{"status":"Open"}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.status","equals":"open"}}""", """{"status":"closed","status":"open"}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","equals":1}}""", """{"n":1.0}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.n","equals":1}}""", """{"n":"1"}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","equals":null}}""", """{"n":null}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.n","equals":null}}""", "{}", false)]
    [InlineData("""{"jsonPath":{"path":"$.o","equals":{"a":[1],"b":2}}}""", """{"o":{"b":2,"a":[1]}}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.t","contains":"rid"}}""", """{"t":"FRIDAY"}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.t","contains":"b"}}""", """{"t":["a","b"]}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.t","contains":"b"}}""", """{"t":["abc"]}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.t","contains":"b"}}""", """{"t":{"b":1}}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.t","regex":"^[0-9]+$"}}""", """{"t":"42"}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.t","regex":"^[0-9]+$"}}""", """{"t":42}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","min":1,"max":2}}""", """{"n":2}""", true)]
    [InlineData("""{"jsonPath":{"path":"$.n","min":1,"max":2}}""", """{"n":2.01}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","min":1}}""", """{"n":1e99}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","min":1}}""", """{"n":"5"}""", false)]
    [InlineData("""{"jsonPath":[{"path":"$.n","min":1},{"path":"$.m","equals":true}]}""", """{"n":1,"m":true}""", true)]
    [InlineData("""{"jsonPath":[{"path":"$.n","min":1},{"path":"$.m","equals":true}]}""", """{"n":1,"m":false}""", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","equals":1}}""", "n is 1", false)]
    [InlineData("""{"jsonPath":{"path":"$.n","contains":"x"}}""", """{"n":"\ud800x"}""", false)]
    public async Task Text(string expect, string answer, bool passes)
    {
        var grade = await GradeAsync(expect, new Answer(answer));
        (grade.Passed, grade.Score, grade.Unmeasured).ShouldBe((passes, passes ? 1 : 0, false));
    }

    [Theory]
    [InlineData("""{"called":["refund"]}""", "refund", true)]
    [InlineData("""{"called":["refund"]}""", "lookup", false)]
    [InlineData("""{"called":["refund"]}""", "", false)]
    [InlineData("""{"called":["a","b"]}""", "b a", true)]
    [InlineData("""{"called":["a","b"],"order":"Any"}""", "b a", true)]
    [InlineData("""{"called":["a","b"],"order":"InOrder"}""", "b a", false)]
    [InlineData("""{"called":["a","b"],"order":"InOrder"}""", "b a x b", true)]
    [InlineData("""{"called":["a","a"]}""", "a", false)]
    [InlineData("""{"called":["a","a"]}""", "a a", true)]
    [InlineData("""{"never":["delete"]}""", "a b", true)]
    [InlineData("""{"never":["delete"]}""", "", true)]
    [InlineData("""{"never":["delete"]}""", "a delete", false)]
    [InlineData("""{"called":["a"],"only":true}""", "a a", true)]
    [InlineData("""{"called":["a"],"only":true}""", "a b", false)]
    [InlineData("""{"only":true}""", "", true)]
    [InlineData("""{"only":true}""", "a", false)]
    [InlineData("""{"called":[{"name":"f","arguments":{"id":7}}]}""", """f{"id":7.0,"more":1}""", true)]
    [InlineData("""{"called":[{"name":"f","arguments":{"id":7}}]}""", """f{"id":8}""", false)]
    [InlineData("""{"called":[{"name":"f","arguments":{"id":7}}]}""", "f", false)]
    [InlineData(
        """{"called":[{"name":"f","arguments":{"o":{"a":1},"l":[{"b":2}]}}]}""",
        """f{"o":{"a":1,"z":0},"l":[{"b":2,"z":0}]}""",
        true
    )]
    [InlineData("""{"called":[{"name":"f","arguments":{"l":[1]}}]}""", """f{"l":[1,2]}""", false)]
    // The first expectation fits both calls; only one of them leaves a call for the second.
    [InlineData("""{"called":["f",{"name":"f","arguments":{"id":1}}]}""", """f{"id":1} f{"id":2}""", true)]
    [InlineData("""{"called":["f",{"name":"f","arguments":{"id":1}}]}""", """f{"id":2} f{"id":2}""", false)]
    public async Task ToolCalls(string expect, string calls, bool passes)
    {
        var made = calls
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(call =>
                call.IndexOf('{') is >= 0 and var at
                    ? new ToolCall(call[..at], JsonDocument.Parse(call[at..]).RootElement)
                    : new ToolCall(call, null)
            )
            .ToList();
        var grade = await GradeAsync($$"""{"toolCalls":{{expect}}}""", new Answer("done") { ToolCalls = made });
        (grade.Passed, grade.Unmeasured).ShouldBe((passes, false));
    }

    [Fact]
    public async Task SilenceAboutToolsIsNoProof()
    {
        // What must be called was not seen; what must not be called could have been.
        var called = await GradeAsync("""{"toolCalls":{"called":["a"],"never":["b"]}}""", new Answer("x"));
        (called.Passed, called.Unmeasured).ShouldBe((false, false));
        (await GradeAsync("""{"toolCalls":{"never":["b"]}}""", new Answer("x"))).Unmeasured.ShouldBeTrue();
        (await GradeAsync("""{"toolCalls":{"only":true}}""", new Answer("x"))).Unmeasured.ShouldBeTrue();
        // An alternative that holds needs nothing else; one that fails beside one that was not measured proves nothing.
        (await GradeAsync("""{"any":[{"toolCalls":{"never":["b"]}},{"exact":"x"}]}""", new Answer("x"))).Passed.ShouldBeTrue();
        (await GradeAsync("""{"any":[{"toolCalls":{"never":["b"]}},{"exact":"y"}]}""", new Answer("x"))).Unmeasured.ShouldBeTrue();
        (await GradeAsync("""{"contains":"x","toolCalls":{"never":["b"]}}""", new Answer("x"))).Unmeasured.ShouldBeTrue();
    }

    [Fact]
    public async Task Refusals()
    {
        var rule = new RefusalRule { Text = RefusalRule.ReadText("(?i)^i cannot help") };
        (await GradeAsync("""{"refusal":true}""", new Answer("no") { Refused = true })).Passed.ShouldBeTrue();
        (await GradeAsync("""{"refusal":true}""", new Answer("I cannot help with that."))).Passed.ShouldBeFalse();
        (await GradeAsync("""{"refusal":true}""", new Answer("I cannot help with that."), rule)).Passed.ShouldBeTrue();
        (await GradeAsync("""{"refusal":true,"contains":"policy"}""", new Answer("I cannot help with that."), rule)).Passed.ShouldBeFalse();
        (await GradeAsync("""{"any":[{"refusal":true},{"contains":"sorry"}]}""", new Answer("Sorry"), rule)).Passed.ShouldBeTrue();
        Should.Throw<FormatException>(() => RefusalRule.ReadText("secret(["));
    }

    [Theory]
    [InlineData("""{"any":[]}""", "expect.any: must be a list of 1")]
    [InlineData("""{"any":[{}]}""", "expect.any[0]: must have at least one")]
    [InlineData("""{"any":[{"exact":"x"},{"exactly":"x"}]}""", "expect.any[1].exactly: is not known")]
    [InlineData("""{"jsonPath":{"equals":1}}""", "expect.jsonPath.path: is missing")]
    [InlineData("""{"jsonPath":{"path":"$.a"}}""", "expect.jsonPath: must have one of")]
    [InlineData("""{"jsonPath":{"path":"$..a","equals":1}}""", "expect.jsonPath.path: is no path")]
    [InlineData("""{"jsonPath":{"path":"$.a","min":2,"max":1}}""", "expect.jsonPath.min: must not be more")]
    [InlineData("""{"jsonPath":{"path":"$.a","contains":""}}""", "expect.jsonPath.contains: must not be empty")]
    [InlineData("""{"jsonPath":{"path":"$.a","equals":"\ud800"}}""", "expect.jsonPath.equals: is not valid Unicode")]
    [InlineData("""{"jsonPath":{"path":"$.a","regex":"(["}}""", "expect.jsonPath.regex: is not a regular expression")]
    [InlineData("""{"jsonPath":{"path":"$.a","is":1}}""", "expect.jsonPath.is: is not known")]
    [InlineData("""{"jsonPath":[]}""", "expect.jsonPath: must be a list")]
    [InlineData("""{"toolCalls":{}}""", "expect.toolCalls: must have called, never or only")]
    [InlineData("""{"toolCalls":{"only":false}}""", "expect.toolCalls: must have called, never or only")]
    [InlineData("""{"toolCalls":{"called":[{"arguments":{}}]}}""", "expect.toolCalls.called[0].name: is missing")]
    [InlineData("""{"toolCalls":{"called":[{"name":"a","arguments":"x"}]}}""", "expect.toolCalls.called[0].arguments: must be an object")]
    [InlineData("""{"toolCalls":{"called":["a"],"never":["a"]}}""", "expect.toolCalls.never: names a tool that must be called")]
    [InlineData("""{"toolCalls":{"called":["a"],"order":"Sorted"}}""", "expect.toolCalls.order: must be InOrder or Any")]
    [InlineData("""{"refusal":false}""", "expect.refusal: can only be true")]
    [InlineData("""{"judge":{"rubric":"x"}}""", "expect.judge: no judge is set")]
    [InlineData("""{"judge":{}}""", "expect.judge.rubric: is missing")]
    [InlineData("""{"judge":{"rubric":"x","votes":2}}""", "expect.judge.votes: must be an odd number")]
    [InlineData("""{"judge":{"rubric":"x","votes":11}}""", "expect.judge.votes: must be an odd number")]
    [InlineData("""{"judge":{"rubric":"x","passAt":0}}""", "expect.judge.passAt: must be above 0")]
    public async Task RefusesAndNamesTheField(string expect, string problem) =>
        (await Should.ThrowAsync<CasesException>(() => GradeAsync(expect, new Answer("x")))).Message.ShouldStartWith($"line 1: {problem}");
}
