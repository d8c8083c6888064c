using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;
using Anthropic;
using Anthropic.Models.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenAI;
using OpenAI.Chat;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>Calls of a model that its upstream does not answer are made at another one.</summary>
public sealed class FallbackTests
{
    private const string Claude = "claude-haiku-4-5";
    private const string OtherClaude = "claude-sonnet-4-5";
    private const string Flash = "gemini-2.5-flash";
    private const string Pro = "gemini-2.5-pro";

    [Theory]
    [InlineData(500, "ServerError")]
    [InlineData(501, "ServerError")]
    [InlineData(503, "ServerError")]
    [InlineData(529, "Overloaded")]
    [InlineData(429, "RateLimited")]
    public async Task A_call_whose_attempts_are_used_up_is_answered_by_the_other_upstream(int status, string reason)
    {
        await using var rig = await FallbackRig.StartAsync();
        rig.First.Answers(status);
        var (id, run) = rig.OpenRun();
        using var answer = await rig.ChatAsync(id);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        FallbackRig.Header(answer).ShouldBe("second");
        answer.Headers.ShouldNotContain(header => header.Value.Contains("a lie"));
        JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["model"]!.GetValue<string>().ShouldBe(FallbackRig.Other);
        rig.First.Seen.Count.ShouldBe(1);
        rig.Second.Seen.Count.ShouldBe(1);
        await rig.Rig.BookedAsync(2);
        // Neither a step nor a cost is counted twice.
        (run.Counts.Steps, run.Fallbacks).ShouldBe((1, 1));
        var failed = status is 500 or 501 or 503 ? rig.Rig.Account.Totals.Unproven.Cost : Money.Zero;
        run.Cost.ShouldBe(FallbackRig.Cost(FallbackRig.Other) + failed);
        rig.Rig.Account.Totals.Settled.Cost.ShouldBe(FallbackRig.Cost(FallbackRig.Other));
        rig.Rig.Account.Totals.Reserved.Cost.ShouldBe(Money.Zero);
        (await rig.MetricsAsync()).ShouldContain(
            $"agentreadiness_fallbacks_total{{upstream=\"first\",to=\"second\",reason=\"{reason}\"}} 1"
        );
        rig.Rig.Log.All.ShouldContain(line =>
            line.Contains($"call falls back: run={id} upstream=first to=second model={FallbackRig.Model}", StringComparison.Ordinal)
            && line.Contains($"reason={reason}", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task The_real_client_gets_its_answer_and_only_the_model_of_its_body_changes()
    {
        await using var rig = await FallbackRig.StartAsync(attempts: 2);
        rig.First.Answers(503);
        var options = new OpenAIClientOptions
        {
            Endpoint = new Uri($"http://127.0.0.1:{rig.Rig.EgressPort}/first/v1"),
            RetryPolicy = new ClientRetryPolicy(0),
        };
        var client = new OpenAIClient(new ApiKeyCredential(Rig.Placeholder), options).GetChatClient(FallbackRig.Model);
        ChatCompletion completion = await client.CompleteChatAsync("Grüße, \"hello\"");

        completion.Content[0].Text.ShouldBe("hi");
        completion.Model.ShouldBe(FallbackRig.Other);
        rig.First.Seen.Count.ShouldBe(2, "its attempts are used up first");
        var (first, second) = (rig.First.Seen.First().Body, rig.Second.Seen.Single().Body);
        second.ShouldBe(first.Replace($"\"{FallbackRig.Model}\"", $"\"{FallbackRig.Other}\"", StringComparison.Ordinal));
        second.ShouldNotBe(first);
    }

    [Fact]
    public async Task Each_upstream_sees_its_own_key_and_no_other()
    {
        await using var rig = await FallbackRig.StartAsync();
        rig.First.Answers(503);
        using var answer = await rig.ChatAsync(headers: [("Authorization", "Bearer the-agents"), ("x-api-key", "the-agents")]);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var (first, second) = (Said(rig.First), Said(rig.Second));
        first.ShouldContain(FallbackRig.FirstKey);
        first.ShouldNotContain(FallbackRig.SecondKey);
        second.ShouldContain(FallbackRig.SecondKey);
        second.ShouldNotContain(FallbackRig.FirstKey);
        (first + second).ShouldNotContain("the-agents");
    }

    [Theory]
    [InlineData("OpenAI", "/first/v1/chat/completions")]
    [InlineData("OpenAI", "/first/v1/chat/completions?api-key=the-agents&access_token=the-agents&%24key=the-agents&other=the-agents")]
    [InlineData("Gemini", $"/first/v1beta/models/{Flash}:generateContent?key=the-agents")]
    public async Task A_key_of_the_agents_own_is_for_the_upstream_that_it_called(string format, string path)
    {
        var models = new Dictionary<string, string> { [FallbackRig.Model] = FallbackRig.Other, [Flash] = Pro };
        await using var rig = await FallbackRig.StartAsync(format, models, hasKeys: false);
        rig.First.Answers(503);
        var body = format == "OpenAI" ? Rig.Body("hello") : """{"contents":[{"parts":[{"text":"hello"}]}]}""";
        using var answer = await rig.SendAsync(path, body, null, ("Authorization", "Bearer the-agents"), ("x-goog-api-key", "the-agents"));

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        Said(rig.First).ShouldContain("the-agents");
        Said(rig.Second).ShouldNotContain("the-agents");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_error_whose_body_does_not_come_is_an_error_all_the_same(bool hangs)
    {
        await using var rig = await FallbackRig.StartAsync(timeout: "3s");
        rig.First.Does = async http =>
        {
            http.Response.StatusCode = 500;
            http.Response.ContentLength = 500;
            await http.Response.WriteAsync("{\"err");
            await http.Response.Body.FlushAsync();
            if (hangs)
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            http.Abort();
        };
        using var answer = await rig.ChatAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        FallbackRig.Header(answer).ShouldBe("second");
    }

    [Fact]
    public async Task An_open_breaker_sends_each_call_to_the_other_upstream_at_once()
    {
        await using var rig = await FallbackRig.StartAsync(change: config => config.Reliability = FallbackRig.Breaker(retryBudget: 0));
        rig.First.Answers(503);
        using (var used = await rig.ChatAsync())
        {
            // No repeat is allowed at all, and the other upstream would be a repeat of what was sent.
            used.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            FallbackRig.Header(used).ShouldBeNull();
        }
        var (id, run) = rig.OpenRun();
        for (var call = 0; call < 5; call++)
        {
            using var answer = await rig.ChatAsync(id, $",\"seed\":{call}");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            FallbackRig.Header(answer).ShouldBe("second");
        }
        rig.First.Seen.Count.ShouldBe(1);
        rig.Second.Seen.Count.ShouldBe(5);
        (run.Counts.Steps, run.Fallbacks).ShouldBe((5, 5));
        var metrics = await rig.MetricsAsync();
        metrics.ShouldContain("agentreadiness_fallbacks_total{upstream=\"first\",to=\"second\",reason=\"CircuitOpen\"} 5");
        metrics.ShouldContain(
            "agentreadiness_fallbacks_not_taken_total{upstream=\"first\",to=\"second\",why=\"retry_budget_exhausted\"} 1"
        );
        metrics.ShouldNotContain("code=\"circuit_open\"");
    }

    [Theory]
    [InlineData("reset", "BrokenOff")]
    [InlineData("hang", "Timeout")]
    public async Task No_answer_at_all_is_a_reason(string outage, string reason)
    {
        await using var rig = await FallbackRig.StartAsync(timeout: "500ms");
        rig.First.Does = async http =>
        {
            if (outage == "reset")
                http.Abort();
            else
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var answer = await rig.ChatAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        FallbackRig.Header(answer).ShouldBe("second");
        (await rig.MetricsAsync()).ShouldContain($"reason=\"{reason}\"}} 1");
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(402)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(408)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task What_another_upstream_would_not_do_better_is_the_agents(int status)
    {
        await using var rig = await FallbackRig.StartAsync();
        rig.First.Answers(status);
        using var answer = await rig.ChatAsync();
        ((int)answer.StatusCode).ShouldBe(status);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        FallbackRig.Header(answer).ShouldBeNull();
        rig.Second.Seen.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stream_falls_back_before_its_first_byte_and_not_after()
    {
        await using var rig = await FallbackRig.StartAsync();
        rig.Second.Does = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            const string begin = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5.4-nano\",\"choices\":[";
            await http.Response.WriteAsync(begin + "{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n");
            await http.Response.WriteAsync(begin + "],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10}}\n\ndata: [DONE]\n\n");
        };
        rig.First.Answers(503);
        using (var answer = await rig.ChatAsync(extra: ",\"stream\":true"))
        {
            FallbackRig.Header(answer).ShouldBe("second");
            (await answer.Content.ReadAsStringAsync()).ShouldContain("[DONE]");
        }
        rig.Second.Seen.Count.ShouldBe(1);
        var go = new SemaphoreSlim(0);
        rig.First.Does = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"par\"}}]}\n\n");
            await http.Response.Body.FlushAsync();
            await go.WaitAsync();
            http.Abort();
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.Rig.EgressPort}/first/v1/chat/completions")
        {
            Content = new StringContent(Rig.Body("hello", ",\"stream\":true"), Encoding.UTF8, "application/json"),
        };
        using var begun = await rig.Rig.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await begun.Content.ReadAsStreamAsync();
        (await stream.ReadAsync(new byte[1])).ShouldBe(1, "its first byte is there");
        go.Release();
        await Should.ThrowAsync<IOException>(() => stream.CopyToAsync(Stream.Null));
        FallbackRig.Header(begun).ShouldBeNull();
        rig.Second.Seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_the_other_upstream_may_not_have_is_answered_by_the_first()
    {
        await using var rig = await FallbackRig.StartAsync(change: config => config.AllowedModels = [FallbackRig.Model]);
        rig.First.Answers(503);
        using var answer = await rig.ChatAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        rig.Second.Seen.ShouldBeEmpty();
        (await rig.MetricsAsync()).ShouldContain("why=\"model_not_allowed\"} 1");
    }

    [Fact]
    public async Task A_call_that_its_run_cannot_pay_for_elsewhere_is_answered_by_the_first()
    {
        // The dearer model does not fit what one call may cost, and the one that was called does.
        var models = new Dictionary<string, string> { [FallbackRig.Model] = "gpt-5.4-pro" };
        await using var rig = await FallbackRig.StartAsync(
            models: models,
            change: config => config.Limits = new RunLimits { CallMaxCost = "0.002" }
        );
        rig.First.Answers(429);
        var (id, run) = rig.OpenRun();
        using var answer = await rig.ChatAsync(id);
        ((int)answer.StatusCode).ShouldBe(429);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        rig.Second.Seen.ShouldBeEmpty();
        await rig.Rig.BookedAsync(1);
        run.Cost.ShouldBe(Money.Zero);
        run.Fallbacks.ShouldBe(0);
        (await rig.MetricsAsync()).ShouldContain("why=\"call_limit_exceeded\"} 1");
    }

    [Fact]
    public async Task A_rate_that_the_first_attempt_used_up_holds_for_the_other_upstream_too()
    {
        await using var rig = await FallbackRig.StartAsync(change: config => config.Limits = new RunLimits { RequestsPerMinute = 1 });
        rig.First.Answers(503);
        using var answer = await rig.ChatAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("upstream_failed");
        FallbackRig.Header(answer).ShouldBeNull();
        rig.Second.Seen.ShouldBeEmpty();
        (await rig.MetricsAsync()).ShouldContain("why=\"rate_limited\"} 1");
    }

    [Fact]
    public async Task Where_it_is_only_observed_it_is_counted_and_not_done()
    {
        await using var rig = await FallbackRig.StartAsync(change: config => config.Reliability = FallbackRig.Breaker(observe: true));
        rig.First.Answers(503);
        for (var call = 0; call < 3; call++)
        {
            using var answer = await rig.ChatAsync();
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        }
        rig.Second.Seen.ShouldBeEmpty();
        (await rig.MetricsAsync()).ShouldContain(
            "agentreadiness_fallbacks_not_taken_total{upstream=\"first\",to=\"second\",why=\"observed\"} 3"
        );
    }

    [Fact]
    public async Task There_is_one_hop_and_the_other_upstream_has_the_last_word()
    {
        await using var rig = await FallbackRig.StartAsync(change: config =>
        {
            var second = config.Upstreams[1];
            config.Upstreams =
            [
                config.Upstreams[0],
                new UpstreamConfig
                {
                    Name = second.Name,
                    Format = second.Format,
                    Url = second.Url,
                    KeyFile = second.KeyFile,
                    Fallback = new FallbackPolicy { Upstream = "first" },
                },
            ];
        });
        rig.First.Answers(503);
        rig.Second.Answers(500);
        using var answer = await rig.ChatAsync();
        ((int)answer.StatusCode).ShouldBe(500);
        FallbackRig.Header(answer).ShouldBe("second");
        (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        (rig.First.Seen.Count, rig.Second.Seen.Count).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Anthropics_client_gets_the_other_upstreams_answer()
    {
        await using var rig = await FallbackRig.StartAsync("Anthropic", new Dictionary<string, string> { [Claude] = OtherClaude });
        rig.First.Answers(529);
        var client = new AnthropicClient
        {
            BaseUrl = $"http://127.0.0.1:{rig.Rig.EgressPort}/first",
            ApiKey = Rig.Placeholder,
            MaxRetries = 0,
        };
        var message = await client.Messages.Create(
            new MessageCreateParams
            {
                Model = Claude,
                MaxTokens = 64,
                Messages = [new UserMessageParam("hello")],
            }
        );
        message.Content[0].TryPickText(out var text).ShouldBeTrue();
        text!.Text.ShouldBe("hi");
        var seen = rig.Second.Seen.Single();
        seen.Headers["x-api-key"].ShouldBe(FallbackRig.SecondKey);
        seen.Headers["anthropic-version"].ShouldNotBeEmpty();
        JsonNode.Parse(seen.Body)!["model"]!.GetValue<string>().ShouldBe(OtherClaude);
        await rig.Rig.BookedAsync(2);
        rig.Rig.Account.Totals.Settled.Cost.ShouldBe(FallbackRig.Cost(OtherClaude));
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"hello"}]}]}""", null)]
    [InlineData("""{"model":"models/gemini-2.5-flash","contents":[{"parts":[{"text":"hello"}]}]}""", "models/gemini-2.5-pro")]
    [InlineData("""{"contents":[{"parts":[{"text":"hello"}]}],"model":"gemini-2.5-flash"}""", "models/gemini-2.5-pro")]
    public async Task Geminis_path_names_the_other_model(string body, string? named)
    {
        await using var rig = await FallbackRig.StartAsync("Gemini", new Dictionary<string, string> { [Flash] = Pro });
        rig.First.Answers(503);
        using var answer = await rig.SendAsync($"/first/v1beta/models/{Flash}:generateContent", body);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        FallbackRig.Header(answer).ShouldBe("second");
        var seen = rig.Second.Seen.Single();
        seen.Path.ShouldBe($"/v1beta/models/{Pro}:generateContent");
        ((string?)JsonNode.Parse(seen.Body)!["model"]).ShouldBe(named);
        seen.Headers["x-goog-api-key"].ShouldBe(FallbackRig.SecondKey);
        await rig.Rig.BookedAsync(2);
        rig.Rig.Account.Totals.Settled.Cost.ShouldBe(FallbackRig.Cost(Pro));
    }

    [Theory]
    [InlineData("/first/v1/responses", """{"model":"gpt-5.4-mini","input":"hi","background":true}""")]
    [InlineData("/first/v1/embeddings", """{"model":"text-embedding-3-small","input":"hi"}""")]
    [InlineData("/first/v1/responses", """{"model":"gpt-5.4-mini","input":[{"type":"reasoning","summary":[],"encrypted_content":"x"}]}""")]
    [InlineData("/first/v1/responses", """{"model":"gpt-5.4-mini","input":"hi","tools":[{"type":"apply_patch"}]}""")]
    public async Task A_call_that_leans_on_its_provider_stays_there(string path, string body)
    {
        await using var rig = await FallbackRig.StartAsync();
        rig.First.Answers(503);
        using var answer = await rig.SendAsync(path, body);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("its own words");
        rig.Second.Seen.ShouldBeEmpty();
        (await rig.MetricsAsync()).ShouldContain("why=\"stateful\"} 1");
    }

    [Fact]
    public async Task An_agent_that_has_gone_causes_no_other_call()
    {
        await using var rig = await FallbackRig.StartAsync();
        var reached = new SemaphoreSlim(0);
        rig.First.Does = async http =>
        {
            reached.Release();
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var hangUp = new CancellationTokenSource();
        var going = rig.Rig.PostAsync("/first/v1/chat/completions", Rig.Body("hello"), hangUp.Token);
        await reached.WaitAsync();
        rig.First.Does = http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await hangUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => going);
        using (await rig.ChatAsync()) { }
        rig.Second.Seen.Count.ShouldBe(1, "that of the call after it");
    }

    [Fact]
    public async Task The_client_of_the_agent_learns_how_often_another_upstream_answered()
    {
        await using var rig = await FallbackRig.StartAsync();
        await using var agent = WebApplication.CreateSlimBuilder().Build();
        agent.Urls.Add($"http://127.0.0.1:{rig.Rig.AgentPort}");
        agent.Run(async http =>
        {
            for (var call = 0; call < 2; call++)
            {
                using var answer = await rig.ChatAsync(http.Request.Headers["X-Agent-Run-Id"]);
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            }
            http.Response.Headers["X-Agent-Fallbacks"] = "99";
            await http.Response.WriteAsync("done");
        });
        await agent.StartAsync();
        var url = new Uri($"http://127.0.0.1:{rig.Rig.InboundPort}/");
        using (var plain = await rig.Rig.Http.GetAsync(url))
            FallbackRig.Header(plain, "X-Agent-Fallbacks").ShouldBe("0", "what is declared is told where it was not needed");
        rig.First.Answers(503);
        using (var replaced = await rig.Rig.Http.GetAsync(url))
            FallbackRig.Header(replaced, "X-Agent-Fallbacks").ShouldBe("2");
    }

    [Fact]
    public async Task Where_no_fallback_is_declared_nothing_is_said_of_it_and_an_upstream_cannot_say_it()
    {
        await using var rig = await FallbackRig.StartAsync(change: config => config.Upstreams = [config.Upstreams[1]]);
        await using var agent = WebApplication.CreateSlimBuilder().Build();
        agent.Urls.Add($"http://127.0.0.1:{rig.Rig.AgentPort}");
        agent.Run(http =>
        {
            http.Response.Headers["X-Agent-Fallbacks"] = "99";
            return http.Response.WriteAsync("done");
        });
        await agent.StartAsync();
        using var answer = await rig.Rig.Http.GetAsync(new Uri($"http://127.0.0.1:{rig.Rig.InboundPort}/"));
        FallbackRig.Header(answer, "X-Agent-Fallbacks").ShouldBeNull();
        using var call = await rig.SendAsync("/second/v1/chat/completions", Rig.Body("hello"));
        call.StatusCode.ShouldBe(HttpStatusCode.OK);
        FallbackRig.Header(call).ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"upstream":"x"}""", "\"x\" is not declared")]
    [InlineData("""{"upstream":"first"}""", "names itself")]
    [InlineData("""{"upstream":"claude"}""", "no provider of models of the format OpenAI")]
    [InlineData("""{"upstream":"second","models":[{"from":"m","to":" "}]}""", "empty name")]
    [InlineData("""{"upstream":"second","models":[{"from":"m","to":"a"},{"from":"m","to":"b"}]}""", "twice")]
    public void A_fallback_that_cannot_be_is_refused_with_its_upstream(string fallback, string why)
    {
        var json = $$$"""
            {"agent":{"namespace":"a","name":"b","revision":"c","track":"serving"},"upstreams":[
              {"name":"first","format":"OpenAI","url":"https://a/v1","fallback":{{{fallback}}}},
              {"name":"second","format":"OpenAI","url":"https://b/v1"},{"name":"claude","format":"Anthropic","url":"https://c"}]}
            """;
        var error = Should.Throw<FormatException>(() =>
            GuardrailSettings.Parse(Encoding.UTF8.GetBytes(json), PriceCatalog.Load(), TimeProvider.System)
        );
        error.Message.ShouldStartWith("upstream first: fallback.");
        error.Message.ShouldContain(why);
    }

    private static string Said(ToldProvider provider) =>
        string.Join('\n', provider.Seen.Select(call => $"{call.Path}{call.Query} {string.Join(' ', call.Headers)} {call.Body}"));
}
