using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.Evals.Tests;

public sealed class JsonPathTests
{
    private const string Value = """{"a":{"b":[10,{"x y":"deep"}],"0":"named","a/b":1,"m~n":2,"it's":3},"list":[[1,2],[3]]}""";

    [Theory]
    [InlineData("$", Value)]
    [InlineData("$.a.b[0]", "10")]
    [InlineData("a.b[0]", "10")]
    [InlineData("$['a']['b'][1]['x y']", "\"deep\"")]
    [InlineData("$[\"a\"].b[1][\"x y\"]", "\"deep\"")]
    [InlineData("$.a['it\\'s']", "3")]
    [InlineData("$.a['0']", "\"named\"")]
    [InlineData("$.list[1][0]", "3")]
    [InlineData("/a/b/0", "10")]
    [InlineData("/a/b/1/x y", "\"deep\"")]
    [InlineData("/a/0", "\"named\"")]
    [InlineData("/a/a~1b", "1")]
    [InlineData("/a/m~0n", "2")]
    public void Finds(string path, string expected)
    {
        using var document = JsonDocument.Parse(Value);
        JsonPath.Parse(path).TryFind(document.RootElement, out var found).ShouldBeTrue();
        found.GetRawText().ShouldBe(expected);
    }

    [Theory]
    [InlineData("$.a.c")]
    [InlineData("$.a.b[2]")]
    [InlineData("$.a.b['0']")]
    [InlineData("$.a[0]")]
    [InlineData("$.a.b.x")]
    [InlineData("/a/b/00")]
    [InlineData("/a/b/-")]
    [InlineData("/")]
    public void FindsNothing(string path)
    {
        using var document = JsonDocument.Parse(Value);
        JsonPath.Parse(path).TryFind(document.RootElement, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("$.")]
    [InlineData("$a")]
    [InlineData("$..a")]
    [InlineData("$.*")]
    [InlineData("$[*]")]
    [InlineData("$[-1]")]
    [InlineData("$[0:2]")]
    [InlineData("$[?(@.a)]")]
    [InlineData("$['a'")]
    [InlineData("$['a")]
    [InlineData("$[")]
    [InlineData("$[1")]
    [InlineData("a b")]
    [InlineData("/a~2")]
    [InlineData("/a~")]
    public void Refuses(string path) => Should.Throw<FormatException>(() => JsonPath.Parse(path));
}
