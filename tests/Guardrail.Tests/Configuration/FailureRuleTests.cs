using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using CsCheck;
using static AgentReadiness.Guardrail.Tests.Watched;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Failures that a platform declares.</summary>
public sealed class FailureRuleTests
{
    [Theory]
    [InlineData("^Error:", "Error: no", true)]
    [InlineData("^Error:", "no Error: here", false)]
    [InlineData("(?i)^error", "ERROR", true)]
    public void A_text_that_matches_is_a_failure(string pattern, string text, bool fails)
    {
        var rule = new ToolFailureRule { Tool = "search_*", Pattern = pattern };
        var block = JsonSerializer.Serialize(new { type = "text", text });
        Seen($"{{\"result\":{{\"content\":[{block}]}}}}", rule).ShouldBe(fails ? ToolFailure.Declared : null);
        Seen($"{{\"result\":{{\"content\":[{{\"type\":\"resource\",\"resource\":{block}}}]}}}}", rule)
            .ShouldBe(fails ? ToolFailure.Declared : null);
        Seen($"{{\"result\":{{\"content\":[{block}]}}}}", rule, other: true).ShouldBeNull("another tool");
        Http(text, new ToolFailureRule { Tool = "ben*", Pattern = pattern }).ShouldBe(fails ? ToolFailure.Declared : null);
    }

    [Theory]
    [InlineData("ok", "false", """{"ok":false}""", true)]
    [InlineData("ok", "false", """{"ok":"false"}""", true)]
    [InlineData("ok", "false", """{"ok":true}""", false)]
    [InlineData("ok", "false", """{"a":{"ok":false}}""", false)]
    [InlineData("$.a.b[1].c", "429", """{"a":{"b":[0,{"c":429}]}}""", true)]
    [InlineData("$.a.b[1].c", "429", """{"a":{"b":[{"c":429}]}}""", false)]
    [InlineData("a", "1", """{"a":2,"a":1}""", true)]
    [InlineData("error", null, """{"error":{"code":1}}""", true)]
    [InlineData("error", null, """{"error":"x"}""", true)]
    [InlineData("error", null, """{"error":0}""", false)]
    [InlineData("error", null, """{"error":0.5}""", true)]
    [InlineData("error", null, """{"error":null}""", false)]
    [InlineData("error", null, """{"error":false}""", false)]
    [InlineData("error", null, """{"error":" "}""", false)]
    [InlineData("error", null, """{"error":{"code":null}}""", false)]
    [InlineData("error", null, """["error"]""", false)]
    [InlineData("error", null, "error", false)]
    public void A_value_at_a_path_is_a_failure(string path, string? value, string json, bool fails)
    {
        var rule = new ToolFailureRule
        {
            Tool = "*",
            Path = path,
            Value = value,
        };
        ToolFailure? expected = fails ? ToolFailure.Declared : null;
        Http(json, rule).ShouldBe(expected);
        Seen($"{{\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":{JsonSerializer.Serialize(json)}}}]}}}}", rule).ShouldBe(expected);
        if (json.StartsWith('{'))
            Seen($"{{\"result\":{{\"structuredContent\":{json},\"content\":[]}}}}", rule).ShouldBe(expected);
    }

    [Theory]
    [InlineData("""{"content":[]}""", true)]
    [InlineData("""{"content":[{"type":"text","text":" \n"}]}""", true)]
    [InlineData("""{"content":[{"type":"text","text":"[]"}],"structuredContent":{"result":[]}}""", true)]
    [InlineData("""{"content":[],"structuredContent":{"orders":[],"total":0}}""", false)]
    [InlineData("""{"content":[{"type":"text","text":"0"}]}""", false)]
    [InlineData("""{"content":[{"type":"image","data":""}]}""", false)]
    [InlineData("""{"content":[{"type":"resource","resource":{"uri":"u","text":""}}]}""", false)]
    [InlineData("""{"structuredContent":{}}""", false)]
    [InlineData("""{"task":{}}""", false)]
    public void Nothing_is_a_failure_where_that_is_declared(string result, bool fails)
    {
        var rule = new ToolFailureRule { Tool = "*", Empty = true };
        Seen($"{{\"result\":{result}}}", rule).ShouldBe(fails ? ToolFailure.Empty : null);
        Seen($"{{\"result\":{result}}}").ShouldBeNull();
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(" \r\n", true)]
    [InlineData("null", true)]
    [InlineData("\"\"", true)]
    [InlineData("""{"items":[]}""", true)]
    [InlineData("nothing", false)]
    [InlineData("0", false)]
    [InlineData("[0]", false)]
    public void An_empty_body_of_a_plain_tool_is_one_where_that_is_declared(string body, bool fails)
    {
        Http(body, new ToolFailureRule { Tool = "bench", Empty = true }).ShouldBe(fails ? ToolFailure.Empty : null);
        Http(body, new ToolFailureRule { Tool = "other", Empty = true }).ShouldBeNull();
    }

    [Theory]
    [InlineData(204, true)]
    [InlineData(205, true)]
    [InlineData(302, false)]
    [InlineData(304, false)]
    public void A_status_without_a_body_is_nothing_too(int status, bool fails) =>
        (
            Pass(
                [],
                new What
                {
                    Upstream = "bench",
                    Status = status,
                    Rules = [new() { Tool = "*", Empty = true }],
                }
            ).Failures
            is [ToolFailure.Empty]
        ).ShouldBe(fails);

    [Fact]
    public void Only_a_bounded_part_of_a_text_is_looked_at()
    {
        var rule = new ToolFailureRule { Tool = "*", Pattern = "x$" };
        Http(new string(' ', FailureRule.LongestText - 1) + "x", rule).ShouldBe(ToolFailure.Declared);
        Http(new string(' ', FailureRule.LongestText) + "x", rule).ShouldBeNull();
    }

    [Theory]
    [InlineData("(?=a)")]
    [InlineData("(a)\\1")]
    [InlineData("(?>a)")]
    [InlineData("(")]
    [InlineData("")]
    public void A_pattern_that_has_no_bound_is_refused_with_its_field(string pattern) =>
        Should
            .Throw<FormatException>(() => Settings("Mark", new ToolFailureRule { Tool = "x", Pattern = pattern }))
            .Message.ShouldStartWith("toolFailures.failures[0].pattern ");

    [Fact]
    public void A_rule_has_one_of_its_forms()
    {
        foreach (
            var rule in (ToolFailureRule[])
                [
                    new() { Tool = "x" },
                    new()
                    {
                        Tool = "x",
                        Pattern = "a",
                        Path = "a",
                    },
                    new()
                    {
                        Tool = "x",
                        Pattern = "a",
                        Empty = true,
                    },
                    new()
                    {
                        Tool = "x",
                        Pattern = "a",
                        Value = "b",
                    },
                    new() { Tool = "x", Path = "a b" },
                    new() { Tool = "", Empty = true },
                ]
        )
            Should.Throw<FormatException>(() => Settings("Mark", rule)).Message.ShouldContain("toolFailures.failures[0]");
    }

    [Fact]
    public void Only_listed_actions_are_taken()
    {
        string[] listed = ["Count", "Mark", "Stop"];
        foreach (var word in listed)
            Settings(word).Marks.ShouldBe(word != "Count");
        Gen.OneOf(Gen.String, Gens.OneOf("mark", "MARK", "Mark ", "Off", "0", "Stop,Mark", ""))
            .Where(word => !listed.Contains(word))
            .Sample(word => Should.Throw<FormatException>(() => Settings(word)));
    }

    [Fact]
    public void Only_names_and_numbers_make_a_path()
    {
        using var json = JsonDocument.Parse("""{"a":{"b":1}}""");
        MemberPath.TryParse("a.b").ShouldNotBeNull().Any(json.RootElement, found => found.GetInt32() == 1).ShouldBeTrue();
        Gen.Char["ab.[]$*0 '\n"]
            .Array[0, 8]
            .Select(letters => new string(letters))
            .Sample(text =>
            {
                var parts = (text.StartsWith("$.", StringComparison.Ordinal) ? text[2..] : text).Split('.');
                var isPath = Array.TrueForAll(parts, IsPart);
                (MemberPath.TryParse(text) is not null).ShouldBe(isPath, text);
            });
        static bool IsPart(string part)
        {
            var name = part.TakeWhile(letter => letter is 'a' or 'b' or '0').Count();
            var rest = part[name..];
            while (rest is ['[', '0', ..])
            {
                var end = rest.IndexOf(']', StringComparison.Ordinal);
                if (end is < 2 or > 5 || rest[1..end].Any(letter => letter != '0'))
                    return false;
                rest = rest[(end + 1)..];
            }
            return name > 0 && rest.Length == 0;
        }
    }

    private static ToolFailureSettings Settings(string action, params ToolFailureRule[] rules) =>
        new(new ToolFailurePolicy { Action = action, Failures = rules });

    private static ToolFailure? Seen(string message, ToolFailureRule? rule = null, bool other = false)
    {
        if (rule is not null && other)
            rule = new ToolFailureRule { Tool = "lookup_*", Pattern = rule.Pattern };
        var passed = Pass(Encoding.UTF8.GetBytes(message), new What { Rules = rule is null ? [] : [rule] });
        passed.Text.Contains("The tool ", StringComparison.Ordinal).ShouldBe(passed.Failures.Count > 0);
        return passed.Failures.Count == 0 ? null : passed.Failures.Single();
    }

    private static ToolFailure? Http(string body, ToolFailureRule rule)
    {
        var passed = Pass(Encoding.UTF8.GetBytes(body), new What { Upstream = "bench", Rules = [rule] });
        passed.Text.ShouldBe(body);
        return passed.Failures.Count == 0 ? null : passed.Failures.Single();
    }
}
