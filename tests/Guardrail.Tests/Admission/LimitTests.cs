using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Tests.Provider;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Limits of one call, one run and one pod; whose call is whose; attempts and timeouts.</summary>
public sealed class LimitTests
{
    private const string Chat = "/openai/v1/chat/completions";

    [Theory]
    [InlineData(2, 0, 0, "perRun.maxSteps")]
    [InlineData(0, 2, 0, "perRun.maxRepeats")]
    [InlineData(0, 0, 900, "perRun.maxTokens")]
    public async Task A_limit_of_the_run_refuses_the_call_that_would_pass_it(int steps, int repeats, long tokens, string limit)
    {
        await using var rig = await Rig.StartAsync(
            Limited(
                new RunLimits
                {
                    MaxSteps = steps,
                    MaxRepeats = repeats,
                    MaxTokens = tokens,
                }
            )
        );
        var run = Runs(rig).Start("run1", null);
        var statuses = new List<int>();
        JsonNode? refused = null;
        for (var i = 0; i < 12 && refused is null; i++)
        {
            using var response = await SendAsync(rig, Rig.Body("hello [[tokens=256]]", ",\"max_tokens\":256"), ("X-Agent-Run-Id", "run1"));
            statuses.Add((int)response.StatusCode);
            if (!response.IsSuccessStatusCode)
                refused = JsonNode.Parse(await response.Content.ReadAsStringAsync());
        }
        statuses[^1].ShouldBe(402);
        if (tokens == 0)
            statuses.ShouldBe([200, 200, 402]);
        ((string?)refused!["error"]!["code"], (string?)refused["error"]!["limit"]).ShouldBe(("run_limit_exceeded", limit));
        if (tokens > 0)
            run.Counts.Tokens.ShouldBeLessThanOrEqualTo(tokens);
        rig.Witness.Total(completed: true).Calls.ShouldBe(statuses.Count - 1);
    }

    [Fact]
    public async Task The_cost_of_a_run_lowers_the_limit_of_its_calls_and_is_never_passed()
    {
        await using var rig = await Rig.StartAsync(Limited(new RunLimits { MaxCost = "0.0055" }));
        var run = Runs(rig).Start("run1", null);
        var outputs = new List<int>();
        while (true)
        {
            using var response = await SendAsync(rig, Rig.Body("hi [[tokens=700]]", ",\"max_tokens\":700"), ("X-Agent-Run-Id", "run1"));
            var json = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            if (!response.IsSuccessStatusCode)
            {
                ((string?)json["error"]!["limit"]).ShouldBe("perRun.maxCost");
                break;
            }
            outputs.Add((int)json["usage"]!["completion_tokens"]!);
        }
        outputs[0].ShouldBe(700);
        outputs[^1].ShouldBeInRange(256, 699);
        run.Cost.Amount.ShouldBeLessThanOrEqualTo(0.0055m);
        await rig.CallsAsync(outputs.Count);
        run.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Fact]
    public async Task The_cost_of_a_call_lowers_its_limit_or_refuses_it()
    {
        await using var rig = await Rig.StartAsync(Limited(new RunLimits { CallMaxCost = "0.002" }));
        using var lowered = await SendAsync(rig, Rig.Body("hi [[tokens=4000]]", ",\"max_tokens\":4000"));
        var used = (int)JsonNode.Parse(await lowered.Content.ReadAsStringAsync())!["usage"]!["completion_tokens"]!;
        used.ShouldBeInRange(256, 444);
        using var refused = await SendAsync(rig, Rig.Body(new string('x', 4000), ",\"max_tokens\":4000"));
        refused.StatusCode.ShouldBe(HttpStatusCode.PaymentRequired);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("call_limit_exceeded");
    }

    [Fact]
    public async Task Observe_counts_and_refuses_nothing()
    {
        await using var rig = await Rig.StartAsync(config =>
            Copy(config, new RunLimits { MaxSteps = 1, CallMaxCost = "0.000001" }, observe: true)
        );
        Runs(rig).Start("run1", null);
        for (var i = 0; i < 3; i++)
            (await SendAsync(rig, Rig.Body("hello"), ("X-Agent-Run-Id", "run1"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        var metrics = await rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}/metrics"));
        metrics.ShouldContain("agentreadiness_calls_would_refuse_total{upstream=\"openai\",limit=\"maxSteps\"} 2");
        metrics.ShouldContain("agentreadiness_calls_would_refuse_total{upstream=\"openai\",limit=\"callMaxCost\"} 3");
    }

    [Fact]
    public async Task A_call_belongs_to_the_run_that_it_names_and_to_no_fresh_one()
    {
        await using var rig = await Rig.StartAsync(Limited(new RunLimits { MaxSteps = 100 }));
        var runs = Runs(rig);
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        var (first, second) = (runs.Start("run1", Trace), runs.Start("run2", null));
        await SendAsync(rig, Rig.Body("a"), ("X-Agent-Run-Id", "run1"));
        await SendAsync(rig, Rig.Body("b"), ("baggage", "x=1, agent.run.id=run2;p=1"));
        await SendAsync(rig, Rig.Body("c"), ("traceparent", $"00-{Trace}-b7ad6b7169203331-01"));
        await SendAsync(rig, Rig.Body("d"), ("X-Agent-Run-Id", "invented"));
        await SendAsync(rig, Rig.Body("e"), ("traceparent", "00-ffffffffffffffffffffffffffffffff-b7ad6b7169203331-01"));
        (first.Counts.Steps, second.Counts.Steps).ShouldBe((2, 1));
        runs.Of(new Microsoft.AspNetCore.Http.DefaultHttpContext().Request, null).Counts.Steps.ShouldBe(2);
        runs.End(second, null);
        await SendAsync(rig, Rig.Body("f"));
        first.Counts.Steps.ShouldBe(3);
    }

    [Fact]
    public async Task A_run_that_takes_too_long_is_ended()
    {
        await using var rig = await Rig.StartAsync(Limited(new RunLimits { MaxDuration = "300ms" }));
        await rig.StartAgentAsync("x");
        using var response = await rig.Http.PostAsync(
            new Uri($"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions"),
            new StringContent(Rig.Body("hello [[latency=5s]]"))
        );
        response.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
        (await response.Content.ReadAsStringAsync()).ShouldContain("perRun.maxDuration");
    }

    [Fact]
    public async Task The_client_of_a_run_learns_its_cost()
    {
        await using var rig = await Rig.StartAsync();
        await rig.StartAgentAsync("x");
        using var response = await rig.Http.PostAsync(
            new Uri($"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions"),
            new StringContent(Rig.Body("What is 1 + 2?"))
        );
        await rig.CallsAsync(1);
        Money.Parse(response.Headers.GetValues("X-Agent-Run-Cost").Single()).ShouldBe(rig.Billed(completed: true));
    }

    [Theory]
    [InlineData(429, 2, 3, 200)]
    [InlineData(503, 1, 2, 200)]
    [InlineData(429, 3, 3, 429)]
    public async Task A_call_is_tried_again_before_its_first_byte(int status, int failures, int attempts, int expected)
    {
        await using var rig = await Rig.StartAsync(config => Copy(config, null, attempts: attempts));
        using var response = await SendAsync(rig, Rig.Body($"hello [[status={status}]] [[fail_first={failures}]]"));
        ((int)response.StatusCode).ShouldBe(expected);
        rig.Log.All.Count(line => line.Contains("tried again")).ShouldBe(Math.Min(failures, attempts - 1));
        // Each attempt stands for itself: a 5xx may have been billed.
        (rig.Account.Totals.Unproven.Cost > Money.Zero).ShouldBe(status == 503);
    }

    [Fact]
    public async Task A_stream_that_stalls_is_cut_after_the_event_timeout()
    {
        await using var rig = await Rig.StartAsync(config => Copy(config, null, eventTimeout: "300ms"));
        await Should.ThrowAsync<HttpRequestException>(async () =>
        {
            using var response = await SendAsync(rig, Rig.Body("hi [[stall]]", ",\"stream\":true"));
            await response.Content.ReadAsStringAsync();
        });
        (await rig.CallsAsync(1))[0].ShouldContain("call unproven");
    }

    [Fact]
    public async Task Tools_are_allowed_by_name_and_counted()
    {
        await using var source = await Source.StartAsync(
            guarded: true,
            config => Copy(config, new RunLimits { MaxToolCalls = 1 }, tools: ["search_*"])
        );
        async Task<string> Call(string tool)
        {
            using var response = await source.SendAsync(
                HttpMethod.Post,
                "/mcp",
                "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\""
                    + tool
                    + "\",\"arguments\":{\"query\":\"#1001\"}}}",
                ("Accept", "application/json, text/event-stream"),
                ("MCP-Protocol-Version", "2026-07-28"),
                ("Mcp-Method", "tools/call"),
                ("Mcp-Name", tool)
            );
            return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
        }
        (await Call("send_email")).ShouldContain("tool_not_allowed");
        (await Call("search_orders")).ShouldContain("order #1001 is");
        var refused = await Call("search_orders");
        refused.ShouldStartWith("200 {\"jsonrpc\":\"2.0\",\"id\":7,\"error\"");
        refused.ShouldContain("perRun.maxToolCalls");
        source.Witness.Executions.Select(e => e.Name).ShouldBe(["search_orders"]);
    }

    [Fact]
    public void The_rate_of_a_pod_fills_evenly()
    {
        var time = new FakeTimeProvider();
        var gate = new RateLimiter(time);
        var policy = new RunPolicy(new RunLimits { RequestsPerMinute = 60, TokensPerMinute = 6000 }, observe: false);
        for (var i = 0; i < 60; i++)
            gate.TryTake(policy, 50).ShouldBeNull();
        gate.TryTake(policy, 50)!.Value.Limit.ShouldBe("requestsPerMinute");
        time.Advance(TimeSpan.FromSeconds(2));
        gate.TryTake(policy, 3100).ShouldBeNull();
        gate.TryTake(policy, 200)!.Value.Limit.ShouldBe("tokensPerMinute");
        time.Advance(TimeSpan.FromMinutes(10));
        gate.TryTake(policy, 100_000).ShouldBeNull();
        gate.TryTake(policy, 1)!.Value.Limit.ShouldBe("tokensPerMinute");
    }

    private static Func<GuardrailConfig, GuardrailConfig> Limited(RunLimits limits) => config => Copy(config, limits);

    private static GuardrailConfig Copy(
        GuardrailConfig config,
        RunLimits? limits,
        bool observe = false,
        int attempts = 1,
        string? eventTimeout = null,
        IReadOnlyList<string>? tools = null
    ) =>
        new()
        {
            Agent = config.Agent,
            Inbound = config.Inbound,
            Upstreams = config.Upstreams,
            MaxOutputTokens = config.MaxOutputTokens,
            ModelCall = new CallPolicy
            {
                Timeout = config.ModelCall.Timeout,
                EventTimeout = eventTimeout,
                Attempts = attempts,
            },
            DrainTimeout = config.DrainTimeout,
            Limits = limits,
            Observe = observe,
            AllowedTools = tools ?? [],
        };

    private static RunRegistry Runs(Rig rig) => rig.Guardrail.Services.GetRequiredService<RunRegistry>();

    private static async Task<HttpResponseMessage> SendAsync(Rig rig, string body, params (string Name, string Value)[] headers)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}{Chat}")
        {
            Content = new StringContent(body),
        };
        foreach (var (name, value) in headers)
            message.Headers.TryAddWithoutValidation(name, value);
        return await rig.Http.SendAsync(message);
    }
}
