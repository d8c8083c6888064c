using AgentReadiness.Samples.Provider;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The official MCP client before the sample tools, in both forms of the protocol; and the tools over plain HTTP.</summary>
public class McpTests : ProviderTests
{
    [Theory]
    [InlineData("2025-06-18", "json")]
    [InlineData("2025-11-25", "sse")]
    [InlineData("2026-07-28", "json")]
    [InlineData("2026-07-28", "sse")]
    [InlineData(null, "json")]
    public async Task Tools_are_listed_and_called(string? version, string answer)
    {
        await using var source = await StartAsync();
        await using var client = await ConnectAsync(source, version);
        (await client.ListToolsAsync()).Select(tool => tool.Name).ShouldBe(["search_orders", "send_email", "fail", "slow"]);

        Text(await client.CallToolAsync("search_orders", new Dictionary<string, object?> { ["query"] = "#1001", ["answer"] = answer }))
            .ShouldStartWith("order #1001 is");
        var failed = await client.CallToolAsync("fail", new Dictionary<string, object?> { ["answer"] = answer });
        failed.IsError.ShouldBe(true);
        Text(await client.CallToolAsync("slow", new Dictionary<string, object?> { ["ms"] = 20 })).ShouldBe("took 20 ms");
        await Should.ThrowAsync<McpException>(async () => await client.CallToolAsync("unknown"));

        source.Witness.Executions.Select(one => one.Name).ShouldBe(["search_orders", "fail", "slow"]);
        var last = source.Witness.Last("mcp")!;
        last.Headers.ContainsKey("Mcp-Session-Id").ShouldBe(version is not (null or "2026-07-28"));
        last.Headers["MCP-Protocol-Version"].ShouldBe(version ?? "2026-07-28");
    }

    [Fact]
    public async Task A_side_effect_is_counted_each_time_with_its_key()
    {
        await using var source = await StartAsync();
        await using var client = await ConnectAsync(source, null);
        for (var i = 0; i < 2; i++)
        {
            await client.CallToolAsync(
                new CallToolRequestParams
                {
                    Name = "send_email",
                    Arguments = new Dictionary<string, JsonElement> { ["to"] = JsonElement.Parse("\"a@example.com\"") },
                    Meta = new() { ["idempotencyKey"] = "k1" },
                }
            );
        }
        using var response = await source.SendAsync(
            HttpMethod.Post,
            "/tools/send_email",
            """{"to":"b@example.com"}""",
            ("Idempotency-Key", "k2")
        );
        ((string?)(await Source.JsonAsync(response))["result"]).ShouldBe("email sent to b@example.com");

        source
            .Witness.Executions.Select(one => (one.Name, one.Key, one.Over))
            .ShouldBe([("send_email", "k1", "mcp"), ("send_email", "k1", "mcp"), ("send_email", "k2", "http")]);
        using var witness = await source.SendAsync(HttpMethod.Get, "/_witness", null);
        ((int?)(await Source.JsonAsync(witness))["tools"]!["send_email"]).ShouldBe(3);
    }

    [Fact]
    public async Task A_session_ends()
    {
        await using var source = await StartAsync();
        string session;
        await using (await ConnectAsync(source, "2025-11-25"))
            session = source.Witness.Last("mcp")!.Headers["Mcp-Session-Id"];
        source.Witness.Last("mcp")!.Method.ShouldBe("DELETE");

        var accept = ("Accept", "application/json, text/event-stream");
        using var gone = await source.SendAsync(
            HttpMethod.Post,
            "/mcp",
            """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""",
            accept,
            ("Mcp-Session-Id", session)
        );
        ((int)gone.StatusCode).ShouldBe(404);
        using var none = await source.SendAsync(HttpMethod.Post, "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", accept);
        ((int)none.StatusCode).ShouldBe(400);
        using var get = await source.SendAsync(HttpMethod.Get, "/mcp", null, accept);
        ((int)get.StatusCode).ShouldBe(405);
    }

    [Theory]
    [InlineData("tools/call", "search_orders", 400)]
    [InlineData("tools/list", "send_email", 400)]
    [InlineData("tools/call", "send_email", 200)]
    public async Task The_headers_must_be_the_bodys(string method, string name, int status)
    {
        await using var source = await StartAsync();
        using var response = await source.SendAsync(
            HttpMethod.Post,
            "/mcp",
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_email","arguments":{"to":"x"}}}""",
            ("Accept", "application/json, text/event-stream"),
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", method),
            ("Mcp-Name", name)
        );

        ((int)response.StatusCode).ShouldBe(status);
        source.Witness.Executions.Count.ShouldBe(status == 200 ? 1 : 0);
        if (status == 400)
            ((int?)(await Source.JsonAsync(response))["error"]!["code"]).ShouldBe(-32020);
    }

    [Fact]
    public async Task A_tool_over_http_fails_with_500()
    {
        await using var source = await StartAsync();
        using var failed = await source.SendAsync(HttpMethod.Post, "/tools/fail", "{}");
        ((int)failed.StatusCode).ShouldBe(500);
        using var unknown = await source.SendAsync(HttpMethod.Post, "/tools/unknown", "{}");
        ((int)unknown.StatusCode).ShouldBe(404);
        source.Witness.Executions.ShouldHaveSingleItem().ShouldBe(new ToolExecution("fail", "{}", null, "http"));
    }

    private static string Text(CallToolResult result) => result.Content.OfType<TextContentBlock>().Single().Text;

    private static Task<McpClient> ConnectAsync(Source source, string? version) =>
        McpClient.CreateAsync(
            new HttpClientTransport(
                new HttpClientTransportOptions { Endpoint = source.Reach("/mcp"), TransportMode = HttpTransportMode.StreamableHttp }
            ),
            new McpClientOptions { ProtocolVersion = version }
        );
}
