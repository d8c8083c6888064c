using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Formats;
using CsCheck;
using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The closed list of tool calls that may be repeated.</summary>
public sealed class RepeatableCallTests
{
    private static readonly Gen<RepeatFacts> Facts = Gen.Select(
        Gens.OneOf("OpenAI", "Anthropic", "Gemini", "MCP", "HTTP"),
        Gens.OneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "Head", "TRACE", "QUERY", ""),
        Gens.OneOf(null, "search", ""),
        Gen.Bool,
        Gen.Bool,
        Gen.Bool,
        Gen.Bool,
        (format, method, tool, whole, key, declared, hinted) =>
            new RepeatFacts
            {
                Format = WireFormat.Of(format)!,
                HttpMethod = method,
                Tool = tool,
                HasWholeBody = whole,
                HasKey = key,
                IsDeclaredReadOnly = declared,
                IsHinted = hinted,
            }
    );

    [Fact]
    public void What_is_not_listed_is_never_repeated() =>
        Facts.Sample(
            call =>
            {
                // Said again in other words: no reason, or no way to send the same again, and it is sent once.
                var isTool = call.Format is McpFormat or HttpFormat;
                var hasReason =
                    call.HasKey
                    || call.IsDeclaredReadOnly
                    || (call.Format is McpFormat && call.IsHinted)
                    || (call.Format is HttpFormat && call.HttpMethod is "GET" or "HEAD");
                if (!isTool || !hasReason || call.Tool is null || !call.HasWholeBody)
                    RepeatableCall.May(call).ShouldBeFalse();
                if (call.Format is McpFormat && call.HttpMethod != "POST")
                    RepeatableCall.May(call).ShouldBeFalse();
            },
            iter: 2000
        );

    [Theory]
    [InlineData("HTTP", "GET", false, false, false, true)]
    [InlineData("HTTP", "HEAD", false, false, false, true)]
    [InlineData("HTTP", "POST", true, false, false, true)]
    [InlineData("HTTP", "DELETE", false, true, false, true)]
    [InlineData("HTTP", "POST", false, false, true, false)]
    [InlineData("HTTP", "POST", false, false, false, false)]
    [InlineData("HTTP", "DELETE", false, false, false, false)]
    [InlineData("HTTP", "OPTIONS", false, false, false, false)]
    [InlineData("MCP", "POST", true, false, false, true)]
    [InlineData("MCP", "POST", false, true, false, true)]
    [InlineData("MCP", "POST", false, false, true, true)]
    [InlineData("MCP", "POST", false, false, false, false)]
    [InlineData("MCP", "GET", false, false, true, false)]
    public void Each_entry_of_the_list_counts_and_nothing_beside_it(
        string format,
        string method,
        bool key,
        bool declared,
        bool hinted,
        bool may
    ) =>
        RepeatableCall
            .May(
                new RepeatFacts
                {
                    Format = WireFormat.Of(format)!,
                    HttpMethod = method,
                    Tool = "search",
                    HasWholeBody = true,
                    HasKey = key,
                    IsDeclaredReadOnly = declared,
                    IsHinted = hinted,
                }
            )
            .ShouldBe(may);

    [Fact]
    public void A_key_is_one_visible_text()
    {
        RepeatableCall.IsKey("k-1").ShouldBeTrue();
        RepeatableCall.IsKey(default).ShouldBeFalse();
        RepeatableCall.IsKey("").ShouldBeFalse();
        RepeatableCall.IsKey("a b").ShouldBeFalse();
        RepeatableCall.IsKey(new string('k', 257)).ShouldBeFalse();
        RepeatableCall.IsKey(new StringValues(["a", "b"])).ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":true}}]}}""", "a")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"idempotentHint":true}},{"name":"b"}]}}""", "a")]
    [InlineData("data: {\"result\":{\"tools\":[{\"name\":\"a\",\ndata: \"annotations\":{\"readOnlyHint\":true}}]}}\n\n", "a")]
    [InlineData("event: message\r\ndata: {\"result\":{\"tools\":[{\"name\":\"a\",\"annotations\":{\"readOnlyHint\":true}}]}}\r\n\r\n", "a")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":"true"}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":1}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"ReadOnlyHint":true}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":true,"readOnlyHint":false}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":false}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"destructiveHint":false,"openWorldHint":true}}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","readOnlyHint":true}]}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":true}},{"name":"a"}]}}""", "")]
    [InlineData("""{"error":{"tools":[{"name":"a","annotations":{"readOnlyHint":true}}]}}""", "")]
    [InlineData("""{"result":{"tools":{"name":"a","annotations":{"readOnlyHint":true}}}}""", "")]
    [InlineData("""{"result":{"tools":[{"name":"a","annotations":{"readOnlyHint":true}}""", "")]
    [InlineData("", "")]
    public void A_servers_list_says_which_tools_may_be_repeated(string answer, string tools) =>
        ToolList
            .Read(Encoding.UTF8.GetBytes(answer))
            .Where(tool => tool.MayRepeat)
            .Select(tool => tool.Name)
            .ShouldBe(tools.Split(',', StringSplitOptions.RemoveEmptyEntries));

    [Theory]
    [InlineData("""{"name":"a","_meta":{"idempotencyKey":"k1"}}""", true)]
    [InlineData("""{"name":"a","_meta":{"idempotencyKey":""}}""", false)]
    [InlineData("""{"name":"a","_meta":{"idempotencyKey":5}}""", false)]
    [InlineData("""{"name":"a","_meta":{"idempotencyKey":"k","idempotencyKey":"l"}}""", false)]
    [InlineData("""{"name":"a","_meta":{"other":{"idempotencyKey":"k"}}}""", false)]
    [InlineData("""{"name":"a","arguments":{"_meta":{"idempotencyKey":"k"}}}""", false)]
    public void The_key_of_an_mcp_call_stands_in_its_meta(string parameters, bool has)
    {
        var message = ToolMessage.Read(
            Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}"""),
            out var error
        );
        error.ShouldBeNull();
        message!.HasKey.ShouldBe(has);
    }
}
