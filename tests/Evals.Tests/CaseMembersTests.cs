using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

public sealed class CaseMembersTests
{
    private static Task<IReadOnlyList<EvalCase>> ReadAsync(string text, bool yaml = false) =>
        CasesFile.ReadAsync(Encoding.UTF8.GetBytes(text), yaml, new CaseContext(new RefusalRule()), default);

    [Fact]
    public async Task ReadsEveryMember()
    {
        var one = (
            await ReadAsync(
                """
                {"id":"a","turns":["hi",{"input":"and?","expect":{"contains":"x"}},{"input":"so?"}],"expect":{"refusal":true},"tags":["t"],
                "weight":2.5,"maxLatency":"1m30s","maxCost":"0.05"}
                """.ReplaceLineEndings("")
            )
        ).Single();
        one.Turns.Select(turn => (turn.Input, turn.Grader is not null, turn.TakesRefusal))
            .ShouldBe([("hi", false, false), ("and?", true, false), ("so?", true, true)]);
        (one.Weight, one.MaxLatency, one.MaxCost).ShouldBe((2.5, TimeSpan.FromSeconds(90), 0.05m));
        one = (
            await ReadAsync(
                """
                {"id":"a","input":"hi","request":{"method":"PUT","path":"/ask?q={{input}}",
                "headers":{"X-Team":"a b","Content-Type":"application/x"},
                "body":{"q":1},"response":{"text":"$.a"}},"maxCost":0.1,"expect":{"exact":"x"}}
                """.ReplaceLineEndings("")
            )
        ).Single();
        one.MaxCost.ShouldBe(0.1m);
        (one.Request!.Method.Method, one.Request.Path, one.Request.ContentType, one.Request.Headers.Single().Value).ShouldBe(
            ("PUT", "/ask?q={{input}}", "application/x", "a b")
        );
    }

    [Theory]
    [InlineData("\"turns\":[]", "turns: must be a list of 1 to 100")]
    [InlineData("\"turns\":\"hi\"", "turns: must be a list of 1 to 100")]
    [InlineData("\"turns\":[{\"expect\":{\"exact\":\"x\"}}]", "turns[0].input: is missing")]
    [InlineData("\"turns\":[{\"input\":\"x\",\"expects\":{}}]", "turns[0].expects: is not known")]
    [InlineData("\"turns\":[{\"input\":\"x\",\"expect\":{\"exact\":1}}]", "turns[0].expect.exact: must be a text")]
    [InlineData("\"turns\":[1]", "turns[0]: must be an object")]
    [InlineData("\"turns\":[\"hi\"],\"input\":\"hi\"", "turns: cannot stand beside")]
    [InlineData("\"turns\":[\"hi\"],\"request\":{}", "turns: cannot stand beside")]
    [InlineData("\"input\":\"x\",\"weight\":0", "weight: must be a number above 0")]
    [InlineData("\"input\":\"x\",\"weight\":\"2\"", "weight: must be a number above 0")]
    [InlineData("\"input\":\"x\",\"weight\":1e9", "weight: must be a number above 0")]
    [InlineData("\"input\":\"x\",\"maxLatency\":\"20\"", "maxLatency: must be a duration")]
    [InlineData("\"input\":\"x\",\"maxLatency\":20", "maxLatency: must be a text")]
    [InlineData("\"input\":\"x\",\"maxCost\":-1", "maxCost: must be an amount")]
    [InlineData("\"input\":\"x\",\"maxCost\":\"1 USD\"", "maxCost: must be an amount")]
    [InlineData("\"input\":\"x\",\"maxCost\":true", "maxCost: must be an amount")]
    [InlineData("\"request\":{\"body\":\"{{input}}\"}", "input: is missing, and the request uses it")]
    [InlineData("\"request\":{\"body\":{\"a\":[\"{{input}}\"]}}", "input: is missing, and the request uses it")]
    [InlineData("\"request\":{\"path\":\"/{{input}}\"}", "input: is missing, and the request uses it")]
    [InlineData("\"request\":{\"method\":\"TRACE\"}", "request.method: must be one of GET, POST")]
    [InlineData("\"request\":{\"method\":\"GET\",\"body\":{}}", "request.body: cannot be sent")]
    [InlineData("\"request\":{\"path\":\"ask\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"path\":\"//elsewhere/\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"path\":\"/\\\\elsewhere\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"path\":\"http://elsewhere/\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"path\":\"@elsewhere/\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"path\":\"/{{output}}\"}", "request.path: must be a path")]
    [InlineData("\"request\":{\"headers\":{\"host\":\"x\"}}", "request.headers: one of them is set by the runner")]
    [InlineData("\"request\":{\"headers\":{\"X-Agent-Eval-Run\":\"x\"}}", "request.headers: one of them is set by the runner")]
    [InlineData("\"request\":{\"headers\":{\"Content-Length\":\"1\"}}", "request.headers: one of them is set by the runner")]
    [InlineData("\"request\":{\"headers\":{\"X\":\"a\\r\\nY: b\"}}", "request.headers: names are letters")]
    [InlineData("\"request\":{\"response\":{\"text\":\"$[*]\"}}", "request.response.text: is no path")]
    [InlineData("\"request\":{\"response\":{\"txt\":\"$\"}}", "request.response.txt: is not known")]
    [InlineData("\"request\":{\"url\":\"x\"}", "request.url: is not known")]
    [InlineData("\"request\":{\"body\":\"\\ud800\"}", "request.body: is not valid Unicode")]
    [InlineData("\"input\":\"x\",\"\\ud800\":1", "a name is not valid Unicode")]
    public async Task RefusesAndNamesTheField(string members, string problem)
    {
        var line = $"{{\"id\":\"a\",{members},\"expect\":{{\"exact\":\"x\"}}}}";
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(line))).Message.ShouldStartWith($"line 1: {problem}");
    }

    [Fact]
    public async Task SomeTurnMustBeHeldToSomething() =>
        (await Should.ThrowAsync<CasesException>(() => ReadAsync("""{"id":"a","turns":["hi","ho"]}"""))).Message.ShouldBe(
            "line 1: expect: is missing"
        );

    [Fact]
    public async Task YamlIsTheSameCases()
    {
        const string yaml = """
            # The held-out set.
            cases:
            - id: a
              input: |
                Two
                lines
              expect: {contains: [x, "y"]}
              tags: [safety]
              weight: 2
            - id: b
              input: "yes"
              expect:
                jsonPath: {path: $.n, equals: 007}
            - id: c
              input: no
              expect: {jsonPath: {path: $.n, equals: 0x1F}}
            - id: d
              input: plain text
              expect: {jsonPath: {path: $.n, min: -.5, max: 1.}}
            - {id: e, input: !!str 5, expect: {jsonPath: {path: $.n, equals: True}}}
            - {id: f, input: '', expect: {jsonPath: {path: $.n, equals: ~}}}
            """;
        var cases = await ReadAsync(yaml, yaml: true);
        cases.Select(one => one.Turns[0].Input).ShouldBe(["Two\nlines\n", "yes", "no", "plain text", "5", ""]);
        (cases[0].Weight, cases[0].Tags.Single()).ShouldBe((2, "safety"));
        string[] good = ["x y", """{"n":7}""", """{"n":31}""", """{"n":-0.5}""", """{"n":true}""", """{"n":null}"""];
        foreach (var (one, answer) in cases.Zip(good))
            (await one.Grader!.GradeAsync(new Answer(answer), default)).Passed.ShouldBeTrue(one.Id);
        // A list alone is the same.
        (await ReadAsync("- {id: a, input: hi, expect: {exact: x}}", yaml: true)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("", "the cases file has no cases")]
    [InlineData("cases:", "the cases file has no cases")]
    [InlineData("cases: []", "the cases file has no cases")]
    [InlineData("hello", "the cases file must be a list")]
    [InlineData("cases: 5", "the cases file must be a list")]
    [InlineData("cases: []\nmore: 1", "the cases file must have \"cases\" at its top, and nothing else")]
    [InlineData("- {id: 7, input: hi, expect: {exact: x}}", "case 1: id: must be a text")]
    [InlineData("- {id: a, input: 5, expect: {exact: x}}", "case 1: input: must be a text")]
    [InlineData("- {id: a, input: yes, expect: {exact: true}}", "case 1: expect.exact: must be a text")]
    [InlineData(
        "- {id: a, input: hi, expect: {exact: x}}\n- {id: a, input: hi, expect: {exact: x}}",
        "case 2: id: \"a\" is already the id of case 1"
    )]
    [InlineData("- {id: a, id: b, input: hi, expect: {exact: x}}", "the cases file, line 1, column 11: a member is there twice")]
    [InlineData("- {id: a, <<: {input: hi}, expect: {exact: x}}", "case 1: <<: is not known")]
    [InlineData("- {id: a, input: hi, weight: .inf, expect: {exact: x}}", "the cases file, line 1, column 30: infinity")]
    [InlineData("- {id: a, input: !secret hi, expect: {exact: x}}", "the cases file, line 1, column 18: a tag")]
    [InlineData("- !x {id: a}", "the cases file, line 1, column 3: a tag")]
    [InlineData("- *secret", "the cases file, line 1, column 3: an alias")]
    [InlineData("- &a [*a]", "the cases file, line 1, column 7: an alias")]
    [InlineData("- {[1]: 2}", "the cases file, line 1, column 4: a name is no plain text")]
    [InlineData("[", "the cases file is not YAML (line 2")]
    [InlineData("- secret: [", "the cases file is not YAML (line 2")]
    [InlineData("[]\n---\n[]", "the cases file has more than one YAML document")]
    [InlineData("- null", "case 1: the case: must be an object")]
    public async Task YamlIsRefusedAndTheProblemNamed(string yaml, string problem)
    {
        var fault = await Should.ThrowAsync<CasesException>(() => ReadAsync(yaml, yaml: true));
        fault.Message.ShouldStartWith(problem);
        fault.Message.ShouldNotContain("secret");
    }

    [Fact]
    public async Task YamlAliasesAreTheirAnchors()
    {
        var cases = await ReadAsync(
            "- id: a\n  input: &q What?\n  expect: &e {exact: x}\n- id: b\n  input: *q\n  expect: *e\n",
            yaml: true
        );
        cases[1].Turns[0].Input.ShouldBe("What?");
        cases[1].Grader.ShouldBeOfType<ExactGrader>();
    }

    [Fact]
    public async Task YamlBombsStopEarly()
    {
        var lines = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 12; i++)
            lines.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(lines.ToString(), yaml: true))).Message.ShouldContain(
            "larger than what is read"
        );
        var text = $"- &t \"{new string('x', 1_000_000)}\"\n" + string.Concat(Enumerable.Repeat("- *t\n", 200));
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(text, yaml: true))).Message.ShouldContain("larger than what is read");
        var deep = new string('[', 100_000);
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(deep, yaml: true))).Message.ShouldContain("nests deeper");
        var digits = $"- {{id: a, input: {new string('9', 1_000_000)}, expect: {{exact: x}}}}";
        (await ReadAsync(digits, yaml: true)).Count.ShouldBe(1);
    }
}
