using AgentReadiness.EvalRunner.Cases;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

public sealed class CasesFileTests
{
    private const string Good = """{"id":"a","input":"hi","expect":{"exact":"x"}}""";

    private static Task<IReadOnlyList<EvalCase>> ReadAsync(string text) => CasesFile.ReadAsync(Encoding.UTF8.GetBytes(text), default);

    [Fact]
    public async Task ReadsEveryKindOfCase()
    {
        var cases = await ReadAsync(
            """
            {"id":"a","input":"hi","expect":{"exact":"x"}}

            {"id":"b","input":"","expect":{"contains":"x"},"tags":["safety","t"]}
            {"id":"c","input":"hi","expect":{"contains":["x","y"]},"tags":[]}
            {"id":"d","input":"hi","expect":{"regex":"x+"}}
            {"id":"e","input":"hi","expect":{"jsonSchema":{"type":"object"}}}
            {"id":"f","input":"hi","expect":{"number":{"value":42,"tolerance":0.01}}}
            {"id":"g","input":"hi","expect":{"number":{"value":-1.5e2}}}
            """
        );
        cases.Select(one => one.Id).ShouldBe(["a", "b", "c", "d", "e", "f", "g"]);
        cases[1].Tags.ShouldBe(["safety", "t"]);
        cases
            .Select(one => one.Grader!.GetType())
            .ShouldBe([
                typeof(ExactGrader),
                typeof(ContainsGrader),
                typeof(ContainsGrader),
                typeof(RegexGrader),
                typeof(JsonSchemaGrader),
                typeof(NumberGrader),
                typeof(NumberGrader),
            ]);
        ((NumberGrader)cases[6].Grader!).Grade("-150").Passed.ShouldBeTrue();
    }

    [Fact]
    public async Task TakesWindowsLinesAndAByteOrderMark() => (await ReadAsync($"\uFEFF{Good}\r\n\r\n")).Count.ShouldBe(1);

    [Theory]
    [InlineData("", "the cases file has no cases")]
    [InlineData("\n  \n", "the cases file has no cases")]
    [InlineData("{", "line 1: is not a JSON object")]
    [InlineData("[]", "line 1: the line: must be an object")]
    [InlineData("""{"input":"hi","expect":{"exact":"x"}}""", "line 1: id: is missing")]
    [InlineData("""{"id":"a","expect":{"exact":"x"}}""", "line 1: input: is missing")]
    [InlineData("""{"id":"a","input":"hi"}""", "line 1: expect: is missing")]
    [InlineData("""{"id":"","input":"hi","expect":{"exact":"x"}}""", "line 1: id: must be 1 to 128")]
    [InlineData("""{"id":"é","input":"hi","expect":{"exact":"x"}}""", "line 1: id: must be 1 to 128")]
    [InlineData("""{"id":"a\nb","input":"hi","expect":{"exact":"x"}}""", "line 1: id: must be 1 to 128")]
    [InlineData("""{"id":7,"input":"hi","expect":{"exact":"x"}}""", "line 1: id: must be a text")]
    [InlineData("""{"id":"a","input":["hi"],"expect":{"exact":"x"}}""", "line 1: input: must be a text")]
    [InlineData("""{"id":"a","input":"\ud800","expect":{"exact":"x"}}""", "line 1: input: is not valid Unicode")]
    [InlineData("""{"id":"a","input":"hi","expect":{"exact":"x"},"note":"n"}""", "line 1: note: is not known")]
    [InlineData("""{"id":"a","id":"b","input":"hi","expect":{"exact":"x"}}""", "line 1: is not a JSON object without repeated members")]
    [InlineData("""{"id":"a","input":"hi","expect":"x"}""", "line 1: expect: must be an object")]
    [InlineData("""{"id":"a","input":"hi","expect":{}}""", "line 1: expect: must have at least one")]
    [InlineData("""{"id":"a","input":"hi","expect":{"equals":"x"}}""", "line 1: expect.equals: is not known")]
    [InlineData("""{"id":"a","input":"hi","expect":{"exact":null}}""", "line 1: expect.exact: must be a text")]
    [InlineData("""{"id":"a","input":"hi","expect":{"contains":""}}""", "line 1: expect.contains: must be a text that is not empty")]
    [InlineData("""{"id":"a","input":"hi","expect":{"contains":[]}}""", "line 1: expect.contains: must be a text that is not empty")]
    [InlineData("""{"id":"a","input":"hi","expect":{"contains":["x",""]}}""", "line 1: expect.contains: must be a text that is not empty")]
    [InlineData("""{"id":"a","input":"hi","expect":{"contains":["x",1]}}""", "line 1: expect.contains: must be a text")]
    [InlineData(
        """{"id":"a","input":"hi","expect":{"regex":"secret(["}}""",
        "line 1: expect.regex: is not a regular expression (UnterminatedBracket"
    )]
    [InlineData("""{"id":"a","input":"hi","expect":{"jsonSchema":true}}""", "line 1: expect.jsonSchema: must be an object")]
    [InlineData("""{"id":"a","input":"hi","expect":{"jsonSchema":{"format":"uri"}}}""", "line 1: expect.jsonSchema: format: this keyword")]
    [InlineData("""{"id":"a","input":"hi","expect":{"number":42}}""", "line 1: expect.number: must be an object")]
    [InlineData("""{"id":"a","input":"hi","expect":{"number":{}}}""", "line 1: expect.number.value: is missing")]
    [InlineData("""{"id":"a","input":"hi","expect":{"number":{"value":"42"}}}""", "line 1: expect.number.value: must be a number")]
    [InlineData("""{"id":"a","input":"hi","expect":{"number":{"value":1e99}}}""", "line 1: expect.number.value: must be a number")]
    [InlineData(
        """{"id":"a","input":"hi","expect":{"number":{"value":1,"tolerance":-1}}}""",
        "line 1: expect.number.tolerance: must not be negative"
    )]
    [InlineData("""{"id":"a","input":"hi","expect":{"number":{"value":1,"tol":1}}}""", "line 1: expect.number.tol: is not known")]
    [InlineData("""{"id":"a","input":"hi","expect":{"exact":"x"},"tags":"safety"}""", "line 1: tags: must be a list")]
    public async Task RefusesAndNamesTheField(string text, string problem) =>
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(text))).Message.ShouldStartWith(problem);

    [Fact]
    public async Task NamesTheLineAmongOthers()
    {
        (
            await Should.ThrowAsync<CasesException>(() =>
                ReadAsync($"{Good}\n\n{Good.Replace("\"a\"", "\"b\"", StringComparison.Ordinal)}\n{Good}")
            )
        ).Message.ShouldBe("line 4: id: \"a\" is already the id of line 1");
    }

    [Fact]
    public async Task RefusesIdsThatAreTooLong()
    {
        (await ReadAsync(Good.Replace("\"a\"", $"\"{new string('x', 128)}\"", StringComparison.Ordinal))).Count.ShouldBe(1);
        await Should.ThrowAsync<CasesException>(() =>
            ReadAsync(Good.Replace("\"a\"", $"\"{new string('x', 129)}\"", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task RefusesDeepLinesAndWrongBytes()
    {
        var deep =
            """{"id":"a","input":"hi","expect":{"jsonSchema":"""
            + string.Concat(Enumerable.Repeat("{\"not\":", 10_000))
            + "{}"
            + new string('}', 10_002);
        (await Should.ThrowAsync<CasesException>(() => ReadAsync(deep))).Message.ShouldStartWith("line 1: is not a JSON object");
        (await Should.ThrowAsync<CasesException>(() => CasesFile.ReadAsync(new byte[] { (byte)'{', 0xff }, default))).Message.ShouldBe(
            "the cases file is not UTF-8"
        );
    }

    [Fact]
    public async Task ErrorsQuoteNothingOfTheHeldOutSet()
    {
        (
            await Should.ThrowAsync<CasesException>(() => ReadAsync("""{"id":"a","input":"hi","expect":{"regex":"secret(["}}"""))
        ).Message.ShouldNotContain("secret");
    }
}
