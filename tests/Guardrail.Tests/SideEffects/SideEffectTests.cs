using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.SideEffects;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests.SideEffects;

/// <summary>Calls with side effects on their way through a guardrail: what the tool counts is what was asked for, once.</summary>
public sealed class SideEffectTests
{
    private const string Arguments = """{"to":"a@example.com","subject":"hi"}""";

    [Theory]
    [InlineData("json")]
    [InlineData("sse")]
    public async Task A_repeated_call_gets_the_answer_of_the_first_under_its_own_id(string answer)
    {
        await using var rig = await StartAsync();
        using var run = Run(rig);
        var arguments = $$"""{"to":"a@example.com","answer":"{{answer}}"}""";
        var first = await CallAsync(rig, arguments, 1);
        first.Status.ShouldBe(HttpStatusCode.OK);
        var again = await CallAsync(rig, $$"""{ "answer": "{{answer}}", "to": "a@example.com" }""", 2);
        again.Replayed.ShouldBeTrue();
        again.Json["id"]!.GetValue<int>().ShouldBe(2);
        again.Json["result"]!["content"]![0]!["text"]!.GetValue<string>().ShouldBe("email sent to a@example.com");
        (await CallAsync(rig, """{"to":"b@example.com"}""", 3)).Replayed.ShouldBeFalse();

        var executions = rig.Witness.Executions;
        executions.Count.ShouldBe(2);
        executions[0].Key.ShouldNotBeNull().Length.ShouldBe(32);
        executions[1].Key.ShouldNotBe(executions[0].Key);
        var body = JsonNode.Parse(rig.Witness.Last("mcp")!.Body)!;
        body["params"]!["_meta"]!["idempotencyKey"]!.GetValue<string>().ShouldBe(executions[1].Key);
        (await rig.Log.UntilAsync("outcome=Replayed", 1)).ShouldHaveSingleItem().ShouldContain("tool=send_email");
    }

    [Fact]
    public async Task What_is_known_stands_in_the_volume_that_outlives_the_process()
    {
        await using var rig = await StartAsync();
        using (Run(rig))
        {
            await CallAsync(rig, Arguments, 1);
            // The agent has the answer a moment before it is written down; a repeat waits for that.
            (await CallAsync(rig, Arguments, 2)).Replayed.ShouldBeTrue();
        }
        var written = await File.ReadAllBytesAsync(Path.Combine(rig.JournalFolder, EffectFile.FileName));
        var again = Directory.CreateTempSubdirectory("effects").FullName;
        await File.WriteAllBytesAsync(Path.Combine(again, EffectFile.FileName), written);
        using var file = EffectFile.Open(again, out var records, out var lost);
        records.Select(record => record.State).ShouldBe([EffectState.Sent, EffectState.Done]);
        (records[0].Id == records[1].Id, lost).ShouldBe((true, 0L));
    }

    [Fact]
    public async Task Another_run_is_another_call_and_no_run_needs_a_key()
    {
        await using var rig = await StartAsync();
        using (Run(rig))
            await CallAsync(rig, Arguments, 1);
        var refused = await CallAsync(rig, Arguments, 1);
        refused.Error.ShouldBe("idempotency_key_required");
        using (Run(rig))
            await CallAsync(rig, Arguments, 1);
        rig.Witness.Executions.Count.ShouldBe(2);

        (await CallAsync(rig, Arguments, 1, "order-1")).Status.ShouldBe(HttpStatusCode.OK);
        using (Run(rig))
            (await CallAsync(rig, Arguments, 1, "order-1")).Replayed.ShouldBeTrue("the agent's own key holds in every run");
        (await CallAsync(rig, """{"to":"c"}""", 1, "order-1")).Error.ShouldBe("idempotency_key_reused");
        (await CallAsync(rig, Arguments, 1, new string('k', 256))).Error.ShouldBe("invalid_idempotency_key");
        rig.Witness.Executions.Count.ShouldBe(3);
        rig.Witness.Executions[2].Key.ShouldBe("order-1");
    }

    [Fact]
    public async Task Other_tools_and_methods_without_effects_are_sent_each_time()
    {
        await using var rig = await StartAsync();
        for (var i = 0; i < 2; i++)
        {
            (await CallAsync(rig, """{"query":"#1001"}""", i, tool: "search_orders")).Status.ShouldBe(HttpStatusCode.OK);
            using var get = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.EgressPort}/bench/tools/send_email"));
            get.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        }
        rig.Witness.Executions.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_plain_tool_is_called_once_too()
    {
        await using var rig = await StartAsync();
        using var run = Run(rig);
        for (var i = 0; i < 3; i++)
        {
            using var response = await rig.PostAsync("/bench/tools/send_email", Arguments);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            response.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
            (await response.Content.ReadAsStringAsync()).ShouldContain("email sent to a@example.com");
            response.Headers.Contains("Idempotent-Replayed").ShouldBe(i > 0);
        }
        using var other = await rig.PostAsync("/bench/tools/send_email?x=1", Arguments);
        other.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        rig.Witness.Executions.Count.ShouldBe(2);
        rig.Witness.Executions[0].Key!.Length.ShouldBe(32);
    }

    [Fact]
    public async Task Calls_side_by_side_are_one()
    {
        await using var rig = await StartAsync();
        using var run = Run(rig);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => CallAsync(rig, """{"ms":300}""", i, tool: "slow")));
        answers.ShouldAllBe(answer => answer.Status == HttpStatusCode.OK && answer.Error == null);
        answers.Count(answer => answer.Replayed).ShouldBe(19);
        answers.Select(answer => answer.Json["id"]!.GetValue<int>()).Order().ShouldBe(Enumerable.Range(0, 20));
        rig.Witness.Executions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_agent_that_goes_and_asks_again_gets_the_answer()
    {
        await using var rig = await StartAsync();
        using var run = Run(rig);
        using var patience = new CancellationTokenSource();
        var going = CallAsync(rig, """{"ms":500}""", 1, tool: "slow", cancellationToken: patience.Token);
        await rig.Witness.UntilExecutedAsync(1);
        await patience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => going);
        var again = await CallAsync(rig, """{"ms":500}""", 2, tool: "slow");
        again.Replayed.ShouldBeTrue();
        rig.Witness.Executions.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"jsonrpc\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n")]
    [InlineData("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")]
    public async Task What_may_have_been_done_is_not_sent_again_and_the_agent_is_told(string answer)
    {
        var arrived = 0;
        await using var upstream = new LoopbackListener(
            async (client, stop) =>
            {
                var stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[64 * 1024], 1, cancellationToken: stop);
                Interlocked.Increment(ref arrived);
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), stop);
            }
        );
        await using var rig = await StartAsync(upstream.Port);
        using var run = Run(rig);
        await TryAsync(rig, 1);
        var again = await CallAsync(rig, Arguments, 2);
        again.Error.ShouldBe("outcome_unknown");
        again.Json["id"]!.GetValue<int>().ShouldBe(2);
        arrived.ShouldBe(1);
        var other = await TryAsync(rig, 3, "resolved-1");
        other?.Error.ShouldNotBe("outcome_unknown");
        arrived.ShouldBe(2);
        (await rig.Log.UntilAsync("outcome=Unknown", 2)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_was_certainly_not_done_may_be_sent_again()
    {
        await using var rig = await StartAsync(Ports.Free());
        using var run = Run(rig);
        for (var i = 0; i < 2; i++)
            (await CallAsync(rig, Arguments, i)).Error.ShouldBe("upstream_unreachable");
        await rig.Log.UntilAsync("outcome=NotDone", 2);
    }

    [Fact]
    public async Task A_repeat_counts_as_a_tool_call_of_its_run()
    {
        await using var rig = await StartAsync(change: config => config.Limits = new RunLimits { MaxToolCalls = 3 });
        using var run = Run(rig);
        for (var i = 0; i < 3; i++)
            (await CallAsync(rig, Arguments, i)).Error.ShouldBeNull();
        (await CallAsync(rig, Arguments, 4)).Error.ShouldBe("run_limit_exceeded");
        rig.Witness.Executions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_that_a_limit_refuses_is_not_held_for_one_that_was_sent()
    {
        await using var rig = await StartAsync(change: config => config.Limits = new RunLimits { MaxToolCalls = 1 });
        using (Run(rig))
        {
            (await CallAsync(rig, """{"query":"x"}""", 1, tool: "search_orders")).Error.ShouldBeNull();
            (await CallAsync(rig, Arguments, 2, "k")).Error.ShouldBe("run_limit_exceeded");
        }
        using (Run(rig))
            (await CallAsync(rig, Arguments, 3, "k")).Replayed.ShouldBeFalse();
        rig.Witness.Executions.Count(one => one.Name == "send_email").ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_place_to_write_nothing_is_sent()
    {
        await using var rig = await StartAsync(services: parts =>
            parts.AddSingleton(new EffectStore(null, [], TimeProvider.System, _ => { }))
        );
        using var run = Run(rig);
        (await CallAsync(rig, Arguments, 1)).Error.ShouldBe("side_effects_not_written");
        (await CallAsync(rig, """{"query":"x"}""", 1, tool: "search_orders")).Error.ShouldBeNull();
        rig.Witness.Executions.ShouldHaveSingleItem().Name.ShouldBe("search_orders");
    }

    private static Task<Rig> StartAsync(
        int? port = null,
        Action<GuardrailConfig>? change = null,
        Action<IServiceCollection>? services = null
    ) =>
        Rig.StartAsync(
            formats: (config, own, _) =>
            {
                config = Rig.Before(config, port ?? own);
                config.SideEffects = new SideEffectPolicy { Tools = ["send_*", "slow", "bench"] };
                // A call with side effects is sent once all the same.
                config.ToolCall.Attempts = 3;
                change?.Invoke(config);
                return config;
            },
            services: services
        );

    private static Ending Run(Rig rig)
    {
        var runs = rig.Guardrail.Services.GetRequiredService<RunRegistry>();
        return new Ending(runs, runs.Start(Guid.NewGuid().ToString("N"), null));
    }

    private static async Task<Answer?> TryAsync(Rig rig, int id, string? key = null)
    {
        try
        {
            return await CallAsync(rig, Arguments, id, key);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
    }

    private static async Task<Answer> CallAsync(
        Rig rig,
        string arguments,
        int id,
        string? key = null,
        string tool = "send_email",
        CancellationToken cancellationToken = default
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}/mail");
        const string Meta = """{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}""";
        var parameters = $$"""{"name":"{{tool}}","arguments":{{arguments}},"_meta":{{Meta}}}""";
        request.Content = new StringContent(
            $$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{{parameters}}}""",
            Encoding.UTF8,
            "application/json"
        );
        request.Headers.Add("Accept", "application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2026-07-28");
        request.Headers.Add("Mcp-Method", "tools/call");
        request.Headers.Add("Mcp-Name", tool);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await rig.Http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        var start = text.IndexOf('{', StringComparison.Ordinal);
        return new Answer(
            response.StatusCode,
            start < 0 ? new JsonObject() : JsonNode.Parse(text[start..].Trim())!,
            response.Headers.Contains("Idempotent-Replayed")
        );
    }

    private sealed record Answer(HttpStatusCode Status, JsonNode Json, bool Replayed)
    {
        public string? Error => Json["error"]?["data"]?["code"]?.GetValue<string>();
    }

    private sealed class Ending(RunRegistry runs, Run run) : IDisposable
    {
        public void Dispose() => runs.End(run, null);
    }
}
