using System.ClientModel;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Hosting;
using AgentReadiness.Guardrail.Inbound;

namespace AgentReadiness.Guardrail.Tests;

public sealed class EgressTests
{
    [Fact]
    public async Task The_real_client_gets_its_answer_and_the_cost_is_what_the_provider_counts()
    {
        await using var rig = await Rig.StartAsync();
        var answer = await rig.Client().CompleteChatAsync("What is 17 + 25?");
        answer.Value.Content[0].Text.ShouldBe("42");
        await rig.CallsAsync(1);
        rig.Witness.Total(completed: true).Calls.ShouldBe(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0);
        rig.Account.Totals.Reserved.Cost.ShouldBe(Money.Zero);
    }

    [Theory]
    [InlineData("/openai/v1/chat/completions")]
    [InlineData("/openai/chat/completions")]
    public async Task A_stream_shows_usage_only_to_a_client_that_asked(string path)
    {
        await using var rig = await Rig.StartAsync();
        using var plain = await rig.PostAsync(path, Rig.Body("[[tokens=40]]", ",\"stream\":true"));
        var text = await plain.Content.ReadAsStringAsync();
        text.ShouldNotContain("usage");
        text.ShouldEndWith("data: [DONE]\n\n");
        text.ShouldContain("\"finish_reason\":\"stop\"");
        using var asked = await rig.PostAsync(
            path,
            Rig.Body("[[tokens=40]]", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")
        );
        (await asked.Content.ReadAsStringAsync()).ShouldContain("\"completion_tokens\":40");
        await rig.CallsAsync(2);
        rig.Witness.Total(completed: true).Completion.ShouldBe(80);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Fact]
    public async Task The_real_client_streams_through_a_tool_loop_by_the_agent()
    {
        await using var rig = await Rig.StartAsync();
        await rig.StartAgentAsync("Use the tool lookup_order for every question about an order.");
        using var response = await rig.Http.PostAsync(
            new Uri($"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions"),
            new StringContent(Rig.Body("Where is order #1007?"))
        );
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var run = response.Headers.GetValues("X-Agent-Run-Id").Single();
        (await response.Content.ReadAsStringAsync()).ShouldContain(Samples.SampleAgent.Orders["#1007"]);
        var calls = await rig.CallsAsync(2);
        calls.ShouldAllBe(c => c.Contains($"run={run}"));
        run.Length.ShouldBe(32);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Fact]
    public async Task A_run_id_from_outside_is_replaced()
    {
        await using var rig = await Rig.StartAsync();
        await rig.StartAgentAsync("x");
        using var message = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{rig.InboundPort}/healthz");
        message.Headers.Add("X-Agent-Run-Id", "0123456789abcdef0123456789abcdef");
        using var response = await rig.Http.SendAsync(message);
        response.Headers.GetValues("X-Agent-Run-Id").Single().ShouldNotBe("0123456789abcdef0123456789abcdef");
    }

    [Fact]
    public async Task An_agent_that_is_not_there_gives_502_with_the_cause()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.InboundPort}/x"));
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        (await response.Content.ReadAsStringAsync()).ShouldContain("agent_unreachable");
    }

    [Theory]
    [InlineData(400)]
    [InlineData(429)]
    public async Task A_provider_4xx_costs_nothing_and_reaches_the_client(int status)
    {
        await using var rig = await Rig.StartAsync();
        (await FailsAsync(rig, $"[[status={status}]]")).ShouldBe(status);
        (await rig.CallsAsync(1))[0].ShouldContain("call zero");
        (rig.Account.Totals.Settled.Cost, rig.Account.Totals.Unproven.Cost).ShouldBe((Money.Zero, Money.Zero));
    }

    [Fact]
    public async Task A_provider_5xx_is_unproven_for_the_whole_reservation()
    {
        await using var rig = await Rig.StartAsync();
        (await FailsAsync(rig, "[[status=500]]")).ShouldBe(500);
        var line = (await rig.CallsAsync(1))[0];
        line.ShouldContain("call unproven");
        rig.Account.Totals.Unproven.Cost.Amount.ShouldBeGreaterThan(256 * 0.0000045m);
        line.ShouldContain($"reserved={rig.Account.Totals.Unproven.Cost}");
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"stream\":true")]
    public async Task A_cut_answer_is_unproven_and_looks_cut(string extra)
    {
        await using var rig = await Rig.StartAsync();
        await Should.ThrowAsync<Exception>(async () =>
        {
            using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("[[tokens=200]] [[cut]]", extra));
            await response.Content.ReadAsStringAsync();
        });
        (await rig.CallsAsync(1))[0].ShouldContain("call unproven");
        rig.Account.Totals.Unproven.Cost.ShouldBeGreaterThanOrEqualTo(rig.Billed(completed: false));
        rig.Billed(completed: false).Amount.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_timeout_is_unproven_and_answers_504()
    {
        await using var rig = await Rig.StartAsync(timeout: "300ms");
        (await FailsAsync(rig, "[[latency=5s]]")).ShouldBe(504);
        (await rig.CallsAsync(1))[0].ShouldContain("call unproven");
    }

    [Fact]
    public async Task A_provider_that_cannot_be_reached_costs_nothing()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.PostAsync("/down/v1/chat/completions", Rig.Body("hi"));
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        (await rig.CallsAsync(1))[0].ShouldContain("call zero");
        rig.Account.Totals.Unproven.Cost.ShouldBe(Money.Zero);
    }

    [Fact]
    public async Task When_the_client_goes_the_answer_is_read_on_and_settled()
    {
        await using var rig = await Rig.StartAsync();
        using (var gone = new CancellationTokenSource())
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, rig.BaseUrl + "/chat/completions")
            {
                Content = new StringContent(Rig.Body("[[tokens=100]] [[pace=10ms]]", ",\"stream\":true")),
            };
            using var response = await rig.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, gone.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(gone.Token);
            (await stream.ReadAsync(new byte[10], gone.Token)).ShouldBeGreaterThan(0);
            await gone.CancelAsync();
        }
        (await rig.CallsAsync(1))[0].ShouldContain("call settled");
        rig.Witness.Total(completed: true).Completion.ShouldBe(100);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
    }

    [Fact]
    public async Task A_limit_is_added_and_holds()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("[[tokens=5000]]"));
        var json = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        ((int)json["usage"]!["completion_tokens"]!).ShouldBe(256);
        ((string)json["choices"]![0]!["finish_reason"]!).ShouldBe("length");
    }

    [Theory]
    [InlineData("POST", "/openai/v1/images/generations", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/batches", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/completions", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/messages", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/responses/x/unknown", 403, "unmetered_endpoint")]
    [InlineData("GET", "/openai/v1/models/../files", 403, "unmetered_endpoint")]
    [InlineData("GET", "/openai/v1/models/%2e%2e/files", 403, "unmetered_endpoint")]
    [InlineData("GET", "/openai/v1/chat/completions", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/chat/completions/", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1/../v1/files", 403, "unmetered_endpoint")]
    [InlineData("POST", "/openai/v1%2Fchat%2Fcompletions", 403, "unmetered_endpoint")]
    [InlineData("POST", "/nobody/v1/chat/completions", 404, "unknown_upstream")]
    [InlineData("POST", "/", 404, "unknown_upstream")]
    public async Task Nothing_else_passes(string method, string path, int status, string code)
    {
        await using var rig = await Rig.StartAsync();
        using var message = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{rig.EgressPort}{path}");
        if (method == "POST")
            message.Content = new StringContent(Rig.Body("hi"));
        using var response = await rig.Http.SendAsync(message);
        ((int)response.StatusCode, (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["code"]!).ShouldBe(
            (status, code)
        );
        response.Headers.GetValues("x-should-retry").ShouldBe(["false"]);
        rig.Witness.Total(completed: true).Calls.ShouldBe(0);
    }

    [Fact]
    public async Task The_list_of_models_is_free()
    {
        await using var rig = await Rig.StartAsync();
        (await rig.Http.GetStringAsync(new Uri(rig.BaseUrl + "/models"))).ShouldContain("gpt-5.4-mini");
        rig.Account.Totals.Settled.Cost.ShouldBe(Money.Zero);
    }

    [Fact]
    public async Task Models_are_checked()
    {
        await using var rig = await Rig.StartAsync(models: ["gpt-5.4-*", "unheard-of"]);
        (await CodeAsync(rig, "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")).ShouldBe("model_not_allowed");
        (await CodeAsync(rig, "{\"model\":\"unheard-of\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")).ShouldBe(
            "model_not_priced"
        );
        (await CodeAsync(rig, Rig.Body("hello"))).ShouldBeNull();
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_413()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.Http.PostAsync(
            new Uri(rig.BaseUrl + "/chat/completions"),
            new ByteArrayContent(new byte[ModelRoute.LargestBody + 1])
        );
        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task The_key_reaches_the_provider_and_nobody_else()
    {
        await using var rig = await Rig.StartAsync();
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (response.Headers.ToString() + await response.Content.ReadAsStringAsync()).ShouldNotContain(Rig.Key);
        // A wrong key is the provider's 401: proof that the key of the file is the one that is sent.
        await File.WriteAllTextAsync(rig.KeyPath, "sk-wrong");
        await Task.Delay(1100);
        using var refused = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await File.WriteAllTextAsync(rig.KeyPath, "");
        await Task.Delay(1100);
        (await CodeAsync(rig, Rig.Body("hello"))).ShouldBe("provider_key_unavailable");
        string.Join('\n', rig.Log.All).ShouldNotContain("sk-");
        string.Join('\n', rig.Log.All).ShouldNotContain("hello");
    }

    [Fact]
    public async Task The_admin_port_tells_and_drains()
    {
        await using var rig = await Rig.StartAsync();
        await rig.StartAgentAsync("x");
        var admin = $"http://127.0.0.1:{rig.AdminPort}";
        (await rig.Http.GetStringAsync(new Uri(admin + "/readyz"))).ShouldBe("ok\n");
        (await WaitReady.RunAsync(TimeProvider.System, rig.AdminPort)).ShouldBeTrue();
        var run = rig.Http.PostAsync(
            new Uri($"http://127.0.0.1:{rig.InboundPort}/v1/chat/completions"),
            new StringContent(Rig.Body("hello [[latency=700ms]]"))
        );
        var front = (InboundFront)rig.Guardrail.Services.GetService(typeof(InboundFront))!;
        while (front.Runs.Count == 0)
            await Task.Yield();
        var asked = TimeProvider.System.GetTimestamp();
        // Neither a stranger nor a wrong token drains it.
        foreach (var path in (string[])["/drain", "/drain?token=", "/drain?token=wrong", "//drain?token=wrong"])
        {
            using var refused = await rig.Http.GetAsync(new Uri(admin + path));
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
        (await rig.PodHttp.GetStringAsync(new Uri(admin + "/drain"))).ShouldBe("drained\n");
        // The agent needs 700 ms, so an answer that came sooner did not wait for it.
        TimeProvider.System.GetElapsedTime(asked).TotalMilliseconds.ShouldBeGreaterThan(300);
        front.Runs.Count.ShouldBe(0);
        (await run).Headers.ConnectionClose.ShouldBe(true);
        var metrics = await rig.Http.GetStringAsync(new Uri(admin + "/metrics"));
        metrics.ShouldContain(
            "agentreadiness_model_calls_total{upstream=\"openai\",model=\"openai/gpt-5.4-mini\",outcome=\"settled\",status=\"200\"} 1"
        );
        metrics.ShouldContain("agentreadiness_runs_total{status=\"200\"} 1");
    }

    [Fact]
    public async Task A_bad_configuration_is_reported_and_the_old_one_stays()
    {
        await using var rig = await Rig.StartAsync();
        var store = (ConfigStore)rig.Guardrail.Services.GetService(typeof(ConfigStore))!;
        var before = store.Current;
        await File.WriteAllTextAsync(rig.ConfigPath, "{\"agent\":");
        store.Reload();
        store.Current.ShouldBeSameAs(before);
        rig.Log.All.ShouldContain(l => l.Contains("InvalidConfig"));
    }

    private static async Task<int> FailsAsync(Rig rig, string text) =>
        (await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync(text))).Status;

    private static async Task<string?> CodeAsync(Rig rig, string body)
    {
        using var response = await rig.PostAsync("/openai/v1/chat/completions", body);
        return (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]?["code"];
    }
}
