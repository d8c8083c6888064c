using AgentReadiness.Contracts.Guardrail;
using Microsoft.AspNetCore.Http;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Tool calls through the whole guardrail: what may be repeated is, with the same bytes, and nothing else.</summary>
public sealed class ToolRetryTests
{
    private const string Tools =
        """{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"look","annotations":{"readOnlyHint":true}},"""
        + """{"name":"put","annotations":{"idempotentHint":true}},{"name":"send","annotations":{"destructiveHint":false}}]}}""";

    [Theory]
    [InlineData("GET", null, null, 3)]
    [InlineData("HEAD", null, null, 3)]
    [InlineData("GET", "{}", null, 3)]
    [InlineData("POST", "{\"a\":1}", null, 1)]
    [InlineData("POST", "{\"a\":1}", "key-1", 3)]
    [InlineData("DELETE", null, null, 1)]
    [InlineData("DELETE", null, "key-1", 3)]
    [InlineData("PUT", "x", null, 1)]
    public async Task An_http_tool_is_repeated_where_that_is_safe(string method, string? body, string? key, int sent)
    {
        await using var upstream = await FailingUpstream.StartAsync(null);
        upstream.Answers(503);
        (string, string)[] headers = key is null ? [] : [("Idempotency-Key", key)];
        (await upstream.SendAsync(method, "/tool/x?q=1", body, null, headers)).Status.ShouldBe(503);
        upstream.Seen.Count.ShouldBe(sent);
        upstream.Seen.Distinct().ShouldHaveSingleItem().ShouldBe($"{method} /tool/x {body}");
    }

    [Fact]
    public async Task Mcp_tools_are_repeated_where_their_server_says_so_and_only_after_it_has()
    {
        await using var upstream = await FailingUpstream.StartAsync(null);
        upstream.Answers(503);
        await Call(upstream, "look", 1);
        upstream.Does = (http, _) =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(Tools);
        };
        (await upstream.SendAsync("POST", "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""")).Status.ShouldBe(200);
        upstream.Answers(503);
        await Call(upstream, "look", 3);
        await Call(upstream, "put", 3);
        await Call(upstream, "send", 1);
        await Call(upstream, "unknown", 1);
        (await upstream.MetricsAsync()).ShouldContain(
            "agentreadiness_call_repeats_total{kind=\"tool\",upstream=\"mcp\",by=\"guardrail\"} 4"
        );
    }

    [Fact]
    public async Task Declared_tools_are_repeated_and_count_once_against_the_run()
    {
        await using var upstream = await FailingUpstream.StartAsync(new ReliabilityPolicy { ReadOnlyTools = ["look_*", "tool"] });
        upstream.Answers(503);
        await Call(upstream, "look_up", 3);
        await Call(upstream, "send", 1);
        upstream.Seen.Clear();
        await upstream.SendAsync("POST", "/tool/x", "{}");
        upstream.Seen.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Nothing_is_repeated_after_the_first_byte()
    {
        await using var upstream = await FailingUpstream.StartAsync(null);
        var hasBegun = new SemaphoreSlim(0);
        upstream.Does = async (http, _) =>
        {
            http.Response.ContentLength = 1000;
            await http.Response.WriteAsync("begun");
            await http.Response.Body.FlushAsync();
            await hasBegun.WaitAsync();
            http.Abort();
        };
        using var response = await upstream.Rig.Http.GetAsync(
            new Uri($"http://127.0.0.1:{upstream.Rig.EgressPort}/tool/x"),
            HttpCompletionOption.ResponseHeadersRead
        );
        await using var body = await response.Content.ReadAsStreamAsync();
        (await body.ReadAsync(new byte[5])).ShouldBeGreaterThan(0);
        hasBegun.Release();
        await Should.ThrowAsync<Exception>(() => body.ReadExactlyAsync(new byte[1000]).AsTask());
        upstream.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_tool_that_recovers_gives_its_answer()
    {
        await using var upstream = await FailingUpstream.StartAsync(null);
        upstream.Does = (http, _) =>
        {
            http.Response.StatusCode = upstream.Seen.Count < 3 ? 503 : 200;
            return http.Response.WriteAsync("fine");
        };
        var (status, body) = await upstream.SendAsync("GET", "/tool/x", null);
        (status, body[..4]).ShouldBe((200, "fine"));
    }

    private static async Task Call(FailingUpstream upstream, string tool, int sent)
    {
        upstream.Seen.Clear();
        var body = $$$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{} } }""";
        await upstream.SendAsync("POST", "/mcp", body);
        upstream.Seen.Count.ShouldBe(sent, tool);
    }
}
