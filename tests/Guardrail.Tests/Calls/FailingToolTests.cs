using System.IO.Compression;
using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Runs;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Tools that fail, behind a whole guardrail.</summary>
public sealed class FailingToolTests
{
    private const string Marked = "The tool \"fail\" failed.";

    [Theory]
    [InlineData(null, "json")]
    [InlineData(null, "sse")]
    [InlineData("Count", "json")]
    [InlineData("Count", "sse")]
    [InlineData("Mark", "json")]
    [InlineData("Mark", "sse")]
    public async Task The_official_client_sees_the_sentence_first_where_it_is_declared(string? action, string answer)
    {
        await using var rig = await StartAsync(action);
        foreach (var version in (string?[])["2025-06-18", "2026-07-28"])
        {
            await using var client = await McpClient.CreateAsync(
                new HttpClientTransport(
                    new HttpClientTransportOptions
                    {
                        Endpoint = new Uri($"http://127.0.0.1:{rig.EgressPort}/mail"),
                        TransportMode = HttpTransportMode.StreamableHttp,
                    }
                ),
                new McpClientOptions { ProtocolVersion = version }
            );
            var failed = await client.CallToolAsync("fail", new Dictionary<string, object?> { ["answer"] = answer });
            failed.IsError.ShouldBe(true);
            var texts = failed.Content.OfType<TextContentBlock>().Select(block => block.Text).ToList();
            texts[^1].ShouldBe("the tool was told to fail");
            (texts.Count, texts[0].StartsWith(Marked, StringComparison.Ordinal)).ShouldBe(action == "Mark" ? (2, true) : (1, false));
            var found = await client.CallToolAsync(
                "search_orders",
                new Dictionary<string, object?> { ["query"] = "#1001", ["answer"] = answer }
            );
            found.Content.OfType<TextContentBlock>().Single().Text.ShouldStartWith("order #1001 is");
        }
        // What is only counted may be counted a little after the agent has it.
        if (action is not null)
            await rig.Log.UntilAsync("reason=IsError", 2);
        var metrics = await MetricsAsync(rig);
        if (action is null)
            metrics.ShouldNotContain("agentreadiness_tool_failures_total{");
        else
            metrics.ShouldContain("agentreadiness_tool_failures_total{upstream=\"mail\",failure=\"IsError\"} 2");
        rig.Log.All.Count(line => line.Contains("reason=IsError", StringComparison.Ordinal)).ShouldBe(action is null ? 0 : 2);
    }

    [Theory]
    [InlineData(
        "application/json",
        "{ \"jsonrpc\":\"2.0\", \"id\":1,\"result\":{ \"content\" : [ {\"type\":\"text\",\"text\":\"\\u00e4\"} ], \"x\":1e3 } }\n"
    )]
    [InlineData(
        "text/event-stream",
        ": hi\r\n\r\nid: 1\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\ndata:\"result\":{\"content\":[]}}\r\n\r\ndata: ["
    )]
    public async Task A_result_without_a_failure_is_the_same_byte_for_byte(string type, string body)
    {
        await using var upstream = Answering($"Content-Type: {type}", body);
        await using var rig = await StartAsync("Mark", upstream.Port);
        using var response = await PostAsync(rig, "fail", "{}");
        (await response.Content.ReadAsStringAsync()).ShouldBe(body);
    }

    [Fact]
    public async Task What_is_compressed_without_being_asked_for_is_read_all_the_same()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"isError\":true}}"u8);
        await using var upstream = Answering(
            $"Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}",
            packed.ToArray()
        );
        await using (var rig = await StartAsync("Mark", upstream.Port))
        {
            using var response = await PostAsync(rig, "fail", "{}");
            response.Content.Headers.ContentEncoding.ShouldBeEmpty();
            (await response.Content.ReadAsStringAsync()).ShouldContain(JsonEncodedText.Encode(Marked).ToString());
        }
        await using (var rig = await StartAsync("Count", upstream.Port))
        {
            using var response = await PostAsync(rig, "fail", "{}");
            (await response.Content.ReadAsByteArrayAsync()).ShouldBe(packed.ToArray());
            await rig.Log.UntilAsync("reason=Encoded", 1);
        }
    }

    [Fact]
    public async Task Each_event_of_a_stream_goes_on_when_it_is_whole()
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new LoopbackListener(
            async (client, stop) =>
            {
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[64 * 1024], 1, cancellationToken: stop);
                const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
                await stream.WriteAsync(Encoding.UTF8.GetBytes(Head + "data: {\"method\":\"a\"}\r\n\r\n"), stop);
                await seen.Task.WaitAsync(stop);
                await stream.WriteAsync("data: {\"id\":1,\"result\":{\"isError\":true}}\n\n"u8.ToArray(), stop);
            }
        );
        await using var rig = await StartAsync("Mark", upstream.Port);
        using var request = Request(rig, "fail", "{}");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        using var response = await rig.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        await using var body = await response.Content.ReadAsStreamAsync(patience.Token);
        const string First = "data: {\"method\":\"a\"}\r\n\r\n";
        var buffer = new byte[4096];
        await body.ReadExactlyAsync(buffer.AsMemory(0, First.Length), patience.Token);
        Encoding.UTF8.GetString(buffer, 0, First.Length).ShouldBe(First);
        seen.SetResult();
        using var rest = new StreamReader(body);
        (await rest.ReadToEndAsync(patience.Token)).ShouldStartWith(
            "data: {\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"The tool "
        );
    }

    [Fact]
    public async Task A_plain_tool_says_in_a_header_that_it_failed_and_its_body_stays()
    {
        await using var rig = await StartAsync(
            "Mark",
            failures:
            [
                new() { Tool = "bench", Pattern = "no order" },
                new()
                {
                    Tool = "bench",
                    Path = "result",
                    Value = "took 1 ms",
                },
            ]
        );
        foreach (
            var (path, body, status, header) in new[]
            {
                ("fail", "{}", 500, "HttpStatus"),
                ("unknown", "{}", 404, "HttpStatus"),
                ("search_orders", """{"query":"#9"}""", 200, "Declared"),
                ("slow", """{"ms":1}""", 200, "Declared"),
                ("slow", """{"ms":2}""", 200, null),
            }
        )
        {
            using var response = await rig.PostAsync($"/bench/tools/{path}", body);
            ((int)response.StatusCode).ShouldBe(status);
            var told = response.Headers.TryGetValues("X-Agent-Tool-Failed", out var values) ? values.Single() : null;
            told.ShouldBe(header, path);
            (await response.Content.ReadAsStringAsync()).ShouldStartWith(status == 200 ? "{\"result\":" : "{\"error\":");
            response.Content.Headers.ContentLength.ShouldNotBeNull();
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("sse")]
    public async Task A_repeat_of_a_call_with_side_effects_is_told_the_same(string answer)
    {
        await using var rig = await StartAsync(
            "Mark",
            failures: [new() { Tool = "*", Pattern = "nobody" }],
            change: config => config.SideEffects = new SideEffectPolicy { Tools = ["send_*", "fail", "bench"] }
        );
        using var run = Run(rig);
        foreach (var (tool, text) in new[] { ("fail", Marked), ("send_email", "The tool \"send_email\" failed.") })
        {
            var results = new List<string>();
            for (var i = 0; i < 2; i++)
            {
                using var response = await PostAsync(rig, tool, $$"""{"answer":"{{answer}}"}""");
                response.Headers.Contains("Idempotent-Replayed").ShouldBe(i == 1);
                var body = await response.Content.ReadAsStringAsync();
                var json = JsonNode.Parse(body[body.IndexOf('{', StringComparison.Ordinal)..].Trim())!;
                json["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldStartWith(text);
                results.Add(json["result"]!.ToJsonString());
            }
            results[1].ShouldBe(results[0]);
        }
        for (var i = 0; i < 2; i++)
        {
            using var response = await rig.PostAsync("/bench/tools/send_email", "{}");
            response.Headers.Contains("Idempotent-Replayed").ShouldBe(i == 1);
            response.Headers.GetValues("X-Agent-Tool-Failed").ShouldBe(["Declared"]);
        }
        rig.Witness.Executions.Count.ShouldBe(3);
    }

    [Fact]
    public async Task After_some_failures_in_a_row_the_run_is_over_and_others_go_on()
    {
        await using var rig = await StartAsync("Stop", stopAfter: 3);
        using (Run(rig))
        {
            // A result between them ends the row.
            foreach (var tool in (string[])["fail", "fail", "search_orders", "fail", "unknown"])
                (await CodeAsync(await PostAsync(rig, tool, "{}"))).ShouldBeNull(tool);
            using (var response = await rig.PostAsync("/bench/tools/fail", "{}"))
                response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            (await CodeAsync(await PostAsync(rig, "search_orders", "{}"))).ShouldBe("tool_failures");
            using (var response = await rig.PostAsync("/bench/tools/search_orders", "{}"))
                response.StatusCode.ShouldBe(HttpStatusCode.PaymentRequired);
            using (var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi")))
            {
                response.StatusCode.ShouldBe(HttpStatusCode.PaymentRequired);
                response.Headers.GetValues("x-should-retry").ShouldBe(["false"]);
                (await response.Content.ReadAsStringAsync()).ShouldContain("tool_failures");
            }
            // What is no call of a tool passes, so that a session can be ended.
            using (var response = await rig.PostAsync("/mail", """{"jsonrpc":"2.0","id":1,"method":"ping"}"""))
                (await response.Content.ReadAsStringAsync()).ShouldNotContain("tool_failures");
        }
        using (Run(rig))
        {
            (await CodeAsync(await PostAsync(rig, "search_orders", "{}"))).ShouldBeNull();
            using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi"));
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        rig.Witness.Executions.Count.ShouldBe(6);
        (await rig.Log.UntilAsync("code=tool_failures", 3)).ShouldAllBe(line => line.Contains("check=tool-failures"));
    }

    [Fact]
    public async Task A_tool_that_does_not_answer_has_failed_too()
    {
        await using var rig = await StartAsync("Stop", Ports.Free(), stopAfter: 2);
        using var run = Run(rig);
        for (var i = 0; i < 2; i++)
            (await CodeAsync(await PostAsync(rig, "fail", "{}"))).ShouldBe("upstream_unreachable");
        (await CodeAsync(await PostAsync(rig, "fail", "{}"))).ShouldBe("tool_failures");
        (await MetricsAsync(rig)).ShouldContain("agentreadiness_tool_failures_total{upstream=\"mail\",failure=\"NoAnswer\"} 2");
    }

    [Fact]
    public async Task Attempts_of_one_call_are_one_failure_or_none()
    {
        var arrived = 0;
        await using var upstream = new RawUpstream(_ =>
            Encoding.ASCII.GetBytes(
                Interlocked.Increment(ref arrived) is 1 or > 2
                    ? "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
            )
        );
        await using var rig = await StartAsync(
            "Count",
            upstream.Port,
            change: config => config.ToolCall = new CallPolicy { Timeout = "5s", Attempts = 2 }
        );
        using var good = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.EgressPort}/bench/x"));
        good.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await MetricsAsync(rig)).ShouldNotContain("agentreadiness_tool_failures_total{");
        using var bad = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.EgressPort}/bench/x"));
        bad.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bad.Headers.Contains("X-Agent-Tool-Failed").ShouldBeFalse("it is only counted");
        (await MetricsAsync(rig)).ShouldContain("agentreadiness_tool_failures_total{upstream=\"bench\",failure=\"HttpStatus\"} 1");
        arrived.ShouldBe(4);
    }

    [Fact]
    public async Task The_end_of_a_run_tells_how_many_failed()
    {
        await using var rig = await StartAsync("Count");
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        var run = runs.Start("r1", null);
        (await PostAsync(rig, "fail", "{}")).Dispose();
        await rig.Log.UntilAsync("tool failed", 1);
        rig.Guardrail.Services.GetRequiredService<AgentReadiness.Guardrail.Calls.ICallObserver>().RunEnded(run, 200, TimeSpan.Zero);
        runs.End(run, null);
        (await rig.Log.UntilAsync("run ended", 1)).ShouldHaveSingleItem().ShouldContain("toolFailures=1");
    }

    private static Task<Rig> StartAsync(
        string? action,
        int? port = null,
        int stopAfter = 3,
        IReadOnlyList<ToolFailureRule>? failures = null,
        Action<GuardrailConfig>? change = null
    ) =>
        Rig.StartAsync(
            (config, own, key) =>
            {
                config = Rig.Before(config, port ?? own);
                config.Upstreams =
                [
                    new UpstreamConfig
                    {
                        Name = "openai",
                        Format = "OpenAI",
                        Url = config.Upstreams[0].Url,
                        KeyFile = key,
                    },
                    .. config.Upstreams.Skip(1),
                ];
                config.ToolFailures = action is null
                    ? null
                    : new ToolFailurePolicy
                    {
                        Action = action,
                        StopAfter = stopAfter,
                        Failures = failures ?? [],
                    };
                change?.Invoke(config);
                return config;
            }
        );

    private static LoopbackListener Answering(string head, string body) => Answering(head, Encoding.UTF8.GetBytes(body));

    private static LoopbackListener Answering(string head, byte[] body) =>
        new(
            async (client, stop) =>
            {
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[64 * 1024], 1, cancellationToken: stop);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n"), stop);
                await stream.WriteAsync(body, stop);
            }
        );

    private static HttpRequestMessage Request(Rig rig, string tool, string arguments) =>
        McpRequest.Of(rig, "tools/call", $$$"""{"name":"{{{tool}}}","arguments":{{{arguments}}}}""");

    private static async Task<HttpResponseMessage> PostAsync(Rig rig, string tool, string arguments)
    {
        using var request = Request(rig, tool, arguments);
        return await rig.Http.SendAsync(request);
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var json = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            return json["error"]?["data"]?["code"]?.GetValue<string>();
        }
    }

    private static Task<string> MetricsAsync(Rig rig) => rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}/metrics"));

    private static Ending Run(Rig rig)
    {
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        return new Ending(runs, runs.Start(Guid.NewGuid().ToString("N"), null));
    }

    private sealed class Ending(RunRegistry runs, Run run) : IDisposable
    {
        public void Dispose() => runs.End(run, null);
    }
}
