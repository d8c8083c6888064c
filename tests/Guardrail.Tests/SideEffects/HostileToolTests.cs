using System.IO.Compression;
using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests.SideEffects;

/// <summary>Tools, agents and limits that make it hard to send a call with side effects once, and to tell what became of it.</summary>
public sealed class HostileToolTests
{
    private const string Done = """{"content":[{"type":"text","text":"sent"}]}""";

    [Fact]
    public async Task A_tool_that_asks_for_more_is_called_again_with_that()
    {
        await using var tool = await StartAsync(
            (http, body, id) =>
                http.Response.WriteAsync(
                    body.Contains("inputResponses", StringComparison.Ordinal)
                        ? Message(id, """{"resultType":"complete","content":[]}""")
                        : Message(id, """{"resultType":"input_required","inputRequests":{"ok":{}},"requestState":"s1"}""")
                )
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        (await CallAsync(rig, 1, key: "k")).Text.ShouldContain("input_required");
        const string More = ""","inputResponses":{"ok":{"action":"accept"}},"requestState":"s1" """;
        (await CallAsync(rig, 2, key: "k", more: More)).Text.ShouldContain("complete");
        (await CallAsync(rig, 3, key: "k", more: More)).Replayed.ShouldBeTrue();
        (await CallAsync(rig, 4)).Text.ShouldContain("input_required");
        (await CallAsync(rig, 5, more: More)).Text.ShouldContain("complete");
        (await CallAsync(rig, 6, more: More)).Replayed.ShouldBeTrue();
        tool.Seen.Count.ShouldBe(4);
    }

    [Fact]
    public async Task The_key_that_an_error_names_is_no_new_one()
    {
        await using var tool = await StartAsync(
            (http, _, _) =>
            {
                http.Response.StatusCode = 503;
                return Task.CompletedTask;
            }
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        await CallAsync(rig, 1);
        var told = (await CallAsync(rig, 2)).Text;
        var key = told[(told.IndexOf("key is ", StringComparison.Ordinal) + 7)..][..32];
        (await CallAsync(rig, 3, key: key)).Text.ShouldContain("outcome_unknown");
        (await CallAsync(rig, 3, arguments: """{"to":"b"}""", key: key)).Text.ShouldContain("idempotency_key_reused");
        tool.Seen.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_streams_is_waited_for_without_the_agent(bool endsStream)
    {
        using var goOn = new SemaphoreSlim(0);
        await using var tool = await StartAsync(
            async (http, _, id) =>
            {
                http.Response.ContentType = "text/event-stream";
                for (var i = 0; i < 20; i++)
                {
                    await http.Response.WriteAsync("""data: {"jsonrpc":"2.0","method":"notifications/progress"}""" + "\n\n");
                    await http.Response.Body.FlushAsync();
                    if (i == 0)
                        await goOn.WaitAsync();
                    await Task.Delay(200);
                }
                await http.Response.WriteAsync($"data: {Message(id, Done)}\n\n");
                await http.Response.Body.FlushAsync();
                if (!endsStream)
                    await Task.Delay(Timeout.Infinite, http.RequestAborted);
            },
            // The whole takes longer than the time between two pieces.
            config => config.ToolCall = new CallPolicy { Timeout = "10s", EventTimeout = "3s" }
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        using (var patience = new CancellationTokenSource())
        {
            var going = CallAsync(rig, 1, cancellationToken: patience.Token);
            await Soon.Until(() => !tool.Seen.IsEmpty, "the call to arrive");
            await patience.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => going);
        }
        goOn.Release();
        var again = await CallAsync(rig, 2);
        (again.Replayed, again.Text.Contains("sent", StringComparison.Ordinal)).ShouldBe((true, true), again.Text);
        tool.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_repeat_needs_nothing_of_the_upstream()
    {
        using var hold = new SemaphoreSlim(0);
        await using var tool = await StartAsync(
            async (http, body, id) =>
            {
                if (body.Contains("slow", StringComparison.Ordinal))
                    await hold.WaitAsync();
                if (body.Contains("broken", StringComparison.Ordinal))
                    http.Response.StatusCode = 503;
                else
                    await http.Response.WriteAsync(Message(id, Done));
            },
            config =>
                config.Reliability = new ReliabilityPolicy
                {
                    MaxConcurrentCalls = 2,
                    RetryBudgetPercent = 0,
                    CircuitBreaker = new CircuitPolicy
                    {
                        FailurePercent = 50,
                        MinimumCalls = 2,
                        OpenFor = "60s",
                    },
                }
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        // A call that waits for its like holds no place.
        var slow = Enumerable.Range(0, 4).Select(i => CallAsync(rig, i, arguments: """{"to":"slow"}""")).ToList();
        await Soon.Until(() => !tool.Seen.IsEmpty, "the call to arrive");
        (await CallAsync(rig, 5, arguments: """{"to":"done"}""")).Text.ShouldContain("sent");
        hold.Release(4);
        (await Task.WhenAll(slow)).ShouldAllBe(answer => answer.Text.Contains("sent", StringComparison.Ordinal));

        for (var i = 0; i < 4; i++)
            await CallAsync(rig, i, arguments: $$"""{"to":"broken-{{i}}"}""");
        (await CallAsync(rig, 6, arguments: """{"to":"new"}""")).Text.ShouldContain("circuit_open");
        (await CallAsync(rig, 7, arguments: """{"to":"done"}""")).Replayed.ShouldBeTrue();
        (await CallAsync(rig, 8, arguments: """{"to":"broken-0"}""")).Text.ShouldContain("outcome_unknown");
        (await CallAsync(rig, 9, arguments: """{"to":"new"}""")).Text.ShouldContain("circuit_open", Case.Sensitive, "it was never sent");
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_compressed_answer_is_read(string coding)
    {
        await using var tool = await StartAsync(
            async (http, _, id) =>
            {
                using var packed = new MemoryStream();
                await using (
                    Stream to =
                        coding == "br"
                            ? new BrotliStream(packed, CompressionLevel.Fastest, true)
                            : new GZipStream(packed, CompressionLevel.Fastest, true)
                )
                    await to.WriteAsync(Encoding.UTF8.GetBytes(Message(id, Done)));
                http.Response.ContentType = "application/json";
                http.Response.Headers.ContentEncoding = coding;
                http.Response.ContentLength = packed.Length;
                await http.Response.Body.WriteAsync(packed.ToArray());
            }
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        (await CallAsync(rig, 1)).Text.ShouldContain("sent");
        var again = await CallAsync(rig, 2);
        again.Replayed.ShouldBeTrue();
        again.Text.ShouldContain("sent");
    }

    [Theory]
    [InlineData(201)]
    [InlineData(303)]
    public async Task Where_the_thing_is_that_was_made_is_told_again(int status)
    {
        await using var tool = await StartAsync(
            (http, _, _) =>
            {
                http.Response.StatusCode = status;
                http.Response.Headers.Location = "/orders/77";
                http.Response.Headers.ETag = "\"7\"";
                http.Response.Headers["Set-Cookie"] = "a=b";
                return Task.CompletedTask;
            }
        );
        var rig = tool.Rig;
        rig.Begin("r1");
        for (var i = 0; i < 2; i++)
        {
            using var response = await PostAsync(rig, "/tool/orders", "{}");
            ((int)response.StatusCode).ShouldBe(status);
            response.Headers.Location!.OriginalString.ShouldBe("/orders/77");
            response.Headers.ETag!.Tag.ShouldBe("\"7\"");
            response.Headers.Contains("Set-Cookie").ShouldBe(i == 0);
            response.Headers.Contains("Idempotent-Replayed").ShouldBe(i == 1);
        }
    }

    [Fact]
    public async Task Spellings_of_one_request_are_one_call()
    {
        await using var tool = await StartAsync((_, _, _) => Task.CompletedTask);
        var rig = tool.Rig;
        rig.Begin("r1");
        foreach (var path in (string[])["/tool/orders", "/tool/%6frders", "/tool/./orders", "/tool/x/../orders"])
        {
            using var response = await PostAsync(rig, path, """{"a":1}""");
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        tool.Seen.Count.ShouldBe(1);
        foreach (var other in (string[])["/tool/orders/", "/tool/Orders", "/tool/orders?a=1", "/tool/orders%2f"])
            (await PostAsync(rig, other, """{"a":1}""")).Dispose();
        tool.Seen.Count.ShouldBe(5);
    }

    [Theory]
    [InlineData("""{"to":"a","to":"b"}""")]
    [InlineData("""{"to":"\ud800"}""")]
    public async Task Arguments_that_servers_read_differently_are_refused(string arguments)
    {
        await using var tool = await StartAsync((http, _, id) => http.Response.WriteAsync(Message(id, Done)));
        var rig = tool.Rig;
        rig.Begin("r1");
        (await CallAsync(rig, 1, arguments: arguments)).Text.ShouldContain("ambiguous_parameter");
        tool.Seen.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_repeat_of_a_run_that_is_over_is_no_call_of_another_run()
    {
        await using var tool = await StartAsync((http, _, id) => http.Response.WriteAsync(Message(id, Done)));
        var rig = tool.Rig;
        var first = rig.Begin("r1");
        await CallAsync(rig, 1, run: "r1");
        rig.End(first);
        (await CallAsync(rig, 2, run: "r1")).Replayed.ShouldBeTrue();
        rig.Begin("r2");
        (await CallAsync(rig, 3, run: "r1")).Replayed.ShouldBeTrue();
        tool.Seen.Count.ShouldBe(1);
        (await CallAsync(rig, 4)).Replayed.ShouldBeFalse();
        tool.Seen.Count.ShouldBe(2);
    }

    private static string Message(string id, string result) => $$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""";

    private static async Task<HttpResponseMessage> PostAsync(Rig rig, string path, string body)
    {
        // The path goes out as it stands.
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://127.0.0.1:{rig.EgressPort}{path}", options));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        using var client = new HttpMessageInvoker(handler);
        return await client.SendAsync(request, CancellationToken.None);
    }

    private static async Task<(string Text, bool Replayed)> CallAsync(
        Rig rig,
        int id,
        string arguments = """{"to":"a"}""",
        string? key = null,
        string more = "",
        string? run = null,
        CancellationToken cancellationToken = default
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}/mcp");
        var parameters = $$"""{"name":"send_email","arguments":{{arguments}}{{more}}}""";
        request.Content = new StringContent(
            $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{{parameters}}}""",
            Encoding.UTF8,
            "application/json"
        );
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        if (run is not null)
            request.Headers.Add("X-Agent-Run-Id", run);
        using var response = await rig.Http.SendAsync(request, cancellationToken);
        return (await response.Content.ReadAsStringAsync(cancellationToken), response.Headers.Contains("Idempotent-Replayed"));
    }

    /// <summary>A tool that does what a test says, over MCP and over plain HTTP, before a guardrail.</summary>
    private static Task<FailingUpstream> StartAsync(Func<HttpContext, string, string, Task> does, Action<GuardrailConfig>? change = null) =>
        FailingUpstream.StartAsync(
            reliability: null,
            effects: new SideEffectPolicy { Tools = ["send_*", "tool"] },
            change: change,
            does: (http, body) =>
                does(http, body, http.Request.Path.StartsWithSegments("/mcp") ? JsonNode.Parse(body)!["id"]!.ToJsonString() : "")
        );
}

/// <summary>Runs of a rig.</summary>
internal static class RigRuns
{
    public static Run Begin(this Rig rig, string id) => rig.Guardrail.Services.GetRequiredService<RunRegistry>().Start(id, null);

    public static void End(this Rig rig, Run run) => rig.Guardrail.Services.GetRequiredService<RunRegistry>().End(run, null);
}
