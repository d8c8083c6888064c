using System.Text.RegularExpressions;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using CsCheck;
using static AgentReadiness.Guardrail.Tests.Watched;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What is taken for a failure, and that no byte is changed but where a sentence is put.</summary>
public sealed partial class ToolAnswerTests
{
    private const string Sse = "text/event-stream";
    private const string Start = "{\"type\":\"text\",\"text\":\"The tool ";

    // Pieces of which messages are made: those that say something, and those that nearly do.
    private static readonly Gen<string> Word = Gens.OneOf(
        "true",
        "false",
        "null",
        "1",
        "0",
        "\"true\"",
        "\"\\udc00\"",
        "\"\"",
        "[]",
        "[ ]",
        "{}",
        "{\"isError\":true}",
        "[{\"type\":\"text\",\"text\":\"a \\\"b\\\" [ü\"}]",
        "[ {\"type\":\"text\",\"text\":\"x\",\"isError\":true} , {\"content\":[]}]"
    );

    private static readonly Gen<string> Name = Gens.OneOf(
        "isError",
        "isError",
        "is\\u0045rror",
        "IsError",
        "iserror",
        "is_error",
        " isError",
        "isError\\ud800",
        "\\ud800",
        "content",
        "content",
        "structuredContent",
        "resultType",
        "_meta"
    );

    private static readonly Gen<string> Space = Gens.OneOf("", " ", "\n", "\r\n\t");

    private static readonly Gen<string> Members = Gen.Select(Name, Word, Space)
        .Select((name, word, space) => $"\"{name}\"{space}:{word}{space}")
        .List[0, 4]
        .Select(members => $"{{{string.Join(",", members)}}}");

    private static readonly Gen<string> Message = Gen.Select(
            Gens.OneOf("result", "result", "result", "res\\u0075lt", "Result", "params", "error"),
            Gen.OneOf(Members, Members, Word),
            Gens.OneOf("\"id\":1,", "\"id\":\"1\",", "", "\"jsonrpc\":\"2.0\","),
            Space
        )
        .Select((kind, value, id, space) => $"{space}{{{id}{space}\"{kind}\":{space}{value}}}{space}");

    private static readonly Gen<int[]> Cuts = Gen.Int[0, 400].Array[0, 6].Select(cuts => cuts.Order().ToArray());

    [Fact]
    public void Whatever_a_tool_answers_it_is_the_same_byte_for_byte_where_it_is_only_counted() =>
        Gen.Select(
                Gen.OneOf(Gen.Byte.Array[0, 300], Message.Select(Encoding.UTF8.GetBytes), Events(Message)),
                Gens.OneOf(Sse, "application/json"),
                Cuts,
                Gens.OneOf("mail", "bench")
            )
            .Sample(
                (body, type, cuts, upstream) =>
                    Pass(
                        body,
                        new What
                        {
                            Action = "Count",
                            Type = type,
                            Cuts = cuts,
                            Upstream = upstream,
                            Rules = All,
                        }
                    )
                        .Bytes.ShouldBe(body)
            );

    [Fact]
    public void What_is_no_message_is_the_same_byte_for_byte_where_failures_are_marked() =>
        Gen.Select(
                Gen.OneOf(
                    Gen.Byte.Array[0, 300],
                    Gens.OneOf((byte)'\r', (byte)'\n', (byte)'d', (byte)':', (byte)'{', (byte)'"').Array[0, 60]
                ),
                Gens.OneOf(Sse, "application/json"),
                Cuts
            )
            .Sample(
                (body, type, cuts) =>
                {
                    var passed = Pass(body, new What { Type = type, Cuts = cuts });
                    passed.Bytes.ShouldBe(body);
                    passed.Failures.ShouldBeEmpty();
                }
            );

    [Fact]
    public void Only_what_is_listed_is_a_failure_and_only_its_content_is_changed() =>
        Gen.Select(Message, Gen.Bool, Cuts)
            .Sample(
                (text, stream, cuts) =>
                {
                    var (isFailure, isMarked) = Expected(text);
                    var sent = stream ? Framed(text, "\n") : text;
                    var passed = Pass(Encoding.UTF8.GetBytes(sent), new What { Type = stream ? Sse : "application/json", Cuts = cuts });
                    (passed.Failures.Count > 0).ShouldBe(isFailure, text);
                    if (!isMarked)
                    {
                        passed.Text.ShouldBe(sent);
                        return;
                    }
                    // Without the sentence it is what it was.
                    ShouldBeMarked(passed.Text, sent);
                    var data = passed
                        .Text.Split('\n')
                        .Where(line => line.StartsWith("data: ", StringComparison.Ordinal))
                        .Select(line => line[6..]);
                    var json = stream ? string.Join('\n', data) : passed.Text;
                    using var document = JsonDocument.Parse(json);
                    var contents = document
                        .RootElement.EnumerateObject()
                        .Single(member => NameOf(member) == "result")
                        .Value.EnumerateObject()
                        .Where(member => NameOf(member) == "content" && member.Value.ValueKind == JsonValueKind.Array);
                    foreach (var content in contents)
                        content.Value[0].GetProperty("text").GetString().ShouldStartWith("The tool \"search_orders\" failed.");
                },
                iter: 3_000
            );

    [Fact]
    public void The_events_of_a_stream_go_on_one_by_one_and_only_the_one_that_failed_is_changed() =>
        Gen.Select(Message.Where(text => !Expected(text).IsFailure).List[0, 3], Gens.OneOf("\n", "\r\n", "\r"), Cuts, Gen.Bool)
            .Sample(
                (others, end, cuts, cutOff) =>
                {
                    const string Failed = "{\"id\":1,\"result\":{\"isError\":true,\n\"content\":[]}}";
                    var before = string.Concat(others.Select(text => Framed(text, end))) + $": a comment{end}{end}";
                    var failed = Framed(Failed, end);
                    var sent = before + (cutOff ? failed[..^end.Length] : failed + before);
                    var passed = Pass(Encoding.UTF8.GetBytes(sent), new What { Type = Sse, Cuts = cuts });
                    passed.Failures.ShouldBe([ToolFailure.IsError]);
                    passed.Text.ShouldStartWith(before);
                    ShouldBeMarked(passed.Text, sent);
                    passed.Text.ShouldContain($"\"content\":[{Start}");
                }
            );

    [Theory]
    [InlineData("mail", """{"result":{"content":[{"type":"text","text":"\ud800 x"}],"\ud800":1}}""")]
    [InlineData("mail", """{"result":{"content":[{"\ud800":1,"\udc00xxt":"x"}],"structuredContent":{"\ud800rror":1}}}""")]
    [InlineData("bench", """{"\ud800":"x","\ud800rror":{"\udc00":"\udc00"}}""")]
    [InlineData("bench", "\"\\ud800\"")]
    public void What_is_no_text_to_us_goes_on_as_it_is_or_with_the_sentence(string upstream, string body)
    {
        foreach (var rule in All)
        {
            var passed = Pass(Encoding.UTF8.GetBytes(body), new What { Upstream = upstream, Rules = [rule] });
            if (passed.Failures.Count > 0 && upstream == "mail")
                ShouldBeMarked(passed.Text, body);
            else
                passed.Text.ShouldBe(body);
        }
    }

    [Theory]
    [InlineData("""{"id":1,"result":{"content":[],"isError":true}}""", "[", "]")]
    [InlineData("""{"id":1,"result":{"isError":true}}""", "{\"content\":[", "],\"isError\":true}")]
    [InlineData(
        """{"id":2,"result":{"isError":true,"content":[{"type":"image"}],"structuredContent":{"content":[]}}}""",
        "[",
        ",{\"type\":\"image\"}]"
    )]
    public void The_sentence_stands_first(string message, string before, string after)
    {
        var passed = Pass(Encoding.UTF8.GetBytes(message), new What());
        passed.Text.ShouldMatch(Regex.Escape(before + Start) + "[^{}]+\"}" + Regex.Escape(after));
    }

    [Theory]
    [InlineData("tools/call", "POST", true)]
    [InlineData("tasks/result", "POST", true)]
    [InlineData("tools/call", "GET", true)]
    [InlineData("prompts/get", "POST", false)]
    public void A_result_is_looked_at_wherever_it_may_come(string method, string http, bool seen)
    {
        const string Failed = "{\"id\":7,\"result\":{\"content\":[],\"isError\":true}}";
        var what = new What
        {
            Type = Sse,
            Method = method,
            HttpMethod = http,
        };
        Pass(Encoding.UTF8.GetBytes(Framed(Failed, "\n")), what).Failures.Count.ShouldBe(seen ? 1 : 0);
        Pass(Encoding.UTF8.GetBytes(Framed("{\"id\":7,\"error\":{\"code\":-32601}}", "\n")), what)
            .Failures.ShouldBe(seen && http == "POST" ? [ToolFailure.RpcError] : []);
    }

    [Fact]
    public void A_failure_is_in_a_row_with_the_one_before_and_a_result_ends_it()
    {
        Pass("{\"result\":{\"content\":[],\"isError\":true}}"u8.ToArray(), new What()).InRow.ShouldBe(2);
        Pass("{\"result\":{\"content\":[]}}"u8.ToArray(), new What()).InRow.ShouldBe(0);
        Pass("{\"result\":{\"resultType\":\"input_required\",\"content\":[]}}"u8.ToArray(), new What()).InRow.ShouldBe(1);
        Pass("{\"result\":{\"task\":{\"taskId\":\"t\"}}}"u8.ToArray(), new What()).InRow.ShouldBe(1);
        Pass("{\"method\":\"notifications/progress\"}"u8.ToArray(), new What()).InRow.ShouldBe(1);
    }

    [Fact]
    public void What_is_too_long_goes_on_unread_and_what_follows_is_read()
    {
        var failed = "{\"result\":{\"content\":[],\"isError\":true}}";
        var longer = $"{{\"result\":{{\"isError\":true,\"content\":[\"{new string('x', ToolAnswerTap.LongestHeld)}\"]}}}}";
        foreach (
            var cuts in (int[][])
                [
                    [],
                    [10],
                    [.. Enumerable.Range(1, 80).Select(i => i * 16 * 1024)],
                ]
        )
        {
            var whole = Pass(Encoding.UTF8.GetBytes(longer), new What { Cuts = cuts });
            whole.Text.ShouldBe(longer);
            (whole.Failures.Count, whole.Unread[0], whole.InRow).ShouldBe((0, UnreadAnswer.TooLong, 1));
            var sent = Framed(longer, "\n");
            var stream = Pass(Encoding.UTF8.GetBytes(sent + Framed(failed, "\n")), new What { Type = Sse, Cuts = [.. cuts, sent.Length] });
            ShouldBeMarked(stream.Text, sent + Framed(failed, "\n"));
            stream.Failures.ShouldBe([ToolFailure.IsError]);
        }
        var poor = Pass(Encoding.UTF8.GetBytes(failed), new What { Memory = 100, Cuts = [5] });
        (poor.Text, poor.Unread.Single()).ShouldBe((failed, UnreadAnswer.TooLong));
    }

    [Fact]
    public void Every_status_from_400_to_599_is_a_failure_and_no_other()
    {
        foreach (var upstream in (string[])["mail", "bench"])
            Enumerable
                .Range(200, 500)
                .Where(status =>
                    Pass("{}"u8.ToArray(), new What { Status = status, Upstream = upstream }).Failures is [ToolFailure.HttpStatus]
                )
                .ShouldBe(Enumerable.Range(400, 200));
    }

    private static IReadOnlyList<ToolFailureRule> All { get; } =
    [new() { Tool = "*", Pattern = "x" }, new() { Tool = "*", Empty = true }, new() { Tool = "*", Path = "error" }];

    private static Gen<byte[]> Events(Gen<string> messages) =>
        Gen.Select(messages.List[0, 3], Gens.OneOf("\n", "\r\n", "\r"))
            .Select((texts, end) => Encoding.UTF8.GetBytes(string.Concat(texts.Select(text => Framed(text, end)))));

    // A message as one event, a line of data for each of its own.
    private static string Framed(string text, string end) =>
        $"event: message{end}"
        + string.Concat(text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n').Select(line => $"data: {line}{end}"))
        + end;

    // Without the sentence, in one of the three ways in which it can be put there, a text is what it was.
    private static void ShouldBeMarked(string text, string sent)
    {
        var block = Block().Match(text).Value;
        block.ShouldNotBeEmpty(text);
        string[] without =
        [
            text.Replace(block + ",", "", StringComparison.Ordinal).Replace(block, "", StringComparison.Ordinal),
            text.Replace($"\"content\":[{block}],", "", StringComparison.Ordinal),
            text.Replace($"\"content\":[{block}]", "", StringComparison.Ordinal),
        ];
        without.ShouldContain(sent);
    }

    [GeneratedRegex("""\{"type":"text","text":"The tool [^{}]*"\}""")]
    private static partial Regex Block();

    // By another reader than the guardrail's.
    private static (bool IsFailure, bool IsMarked) Expected(string text)
    {
        using var document = JsonDocument.Parse(text);
        var members = document.RootElement.EnumerateObject().ToList();
        var results = members.Where(member => NameOf(member) == "result" && member.Value.ValueKind == JsonValueKind.Object).ToList();
        var failed = results
            .SelectMany(result => result.Value.EnumerateObject())
            .Any(member => NameOf(member) == "isError" && member.Value.ValueKind == JsonValueKind.True);
        var contents = results.SelectMany(result => result.Value.EnumerateObject()).Where(member => NameOf(member) == "content").ToList();
        var isError = members.Exists(member => NameOf(member) == "error" && member.Value.ValueKind != JsonValueKind.Null);
        return (
            failed || isError,
            failed && (contents.Count == 0 || contents.Exists(content => content.Value.ValueKind == JsonValueKind.Array))
        );
    }

    // .NET gives no name that is no UTF-16: it is none of ours.
    private static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }
}
