using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Inbound;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Tests.Upstreams;
using AgentReadiness.Pricing;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>What somebody found who attacked the guardrail and had not been told how it works.</summary>
public sealed class AttackTests
{
    [Theory]
    [InlineData("""{"type":"additional_tools","role":"developer","tools":[{"type":"web_search"}]}""")]
    [InlineData("""{"type":"tool_search_output","tools":[{"type":"mcp","server_url":"https://x"}]}""")]
    [InlineData("""{"role":"user","content":"hi","tools":{"type":"web_search"}}""")]
    public void A_tool_that_the_provider_runs_does_not_come_in_by_an_item(string item)
    {
        Read("OpenAI", "/v1/responses", $$"""{"model":"gpt-5-mini","input":[{{item}}]}""", out var error).ShouldBeNull();
        error!.Code.ShouldBe("unbounded_cost");
    }

    [Theory]
    [InlineData("OpenAI", "/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":{"type":"image_url"}}]}""")]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":{"type":"image"}}]}""")]
    [InlineData("OpenAI", "/v1/responses", """{"model":"m","input":"hi","instructions":{"type":"input_image"}}""")]
    public void A_content_is_text_or_a_list(string format, string path, string body) => Read(format, path, body, out _).ShouldBeNull();

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"content":[{"type":"text","text":"x","image_url":{"url":"u"}}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"content":[{"type":"text","text":"x","file":{"file_id":"f"}}]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"content":"x","images":["u"]}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"content":"x","attachments":[{"file_id":"f"}]}]}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"x","instructions":[{"role":"user","content":[{"type":"input_image"}]}]}""")]
    public void What_may_be_media_counts_as_media(string path, string body) =>
        Read("OpenAI", path, body, out _).ShouldNotBeNull().MediaInput.ShouldBeTrue();

    [Theory]
    [InlineData("""{"model":"m","messages":[{"content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]}""")]
    [InlineData("""{"model":"m","messages":[{"content":null,"tool_calls":[{"id":"1"}],"reasoning_details":[{"text":"x"}]}]}""")]
    public void What_is_text_counts_as_text(string body) =>
        Read("OpenAI", "/v1/chat/completions", body, out _).ShouldNotBeNull().MediaInput.ShouldBeFalse();

    [Theory]
    [InlineData("openai", "gpt-4o-audio-preview")]
    [InlineData("google", "gemini-2.5-pro-preview-tts")]
    public void A_model_that_speaks_and_has_no_price_for_it_is_refused(string provider, string model)
    {
        var prices = PriceCatalog.Load().Find(provider, model, TimeProvider.System.GetUtcNow()).ShouldNotBeNull();
        prices.UpperBound(new CallBound(10, 10)).ShouldBeNull();
        prices.Cost(new TokenUsage(10, 0, 0, 10) { OutputAudio = 9 }).ShouldBeNull();
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":USAGE}\n\n", "unproven")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":USAGE}\n\n", "unproven")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}],\"usage\":USAGE}\n\n", "settled")]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":USAGE}\n\ndata: [DONE]\n\n", "settled")]
    public async Task A_stream_that_just_stops_proves_nothing(string events, string outcome)
    {
        var text = events.Replace("USAGE", "{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12}", StringComparison.Ordinal);
        await using var provider = new RawUpstream(_ => RawUpstream.Answer("Content-Type: text/event-stream\r\n", text));
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, provider.Port));
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi", ",\"stream\":true"));
        await response.Content.ReadAsStringAsync();
        (await rig.BookedAsync(1))[0].ShouldContain($"model call {outcome}");
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Only_a_POST_carries_a_message_to_an_MCP_server(string method)
    {
        await using var server = new RawUpstream(_ => RawUpstream.Answer("", "{}"));
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, server.Port));
        const string evil = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"evil"}}""";
        await HeaderTests.SendAsync(rig.EgressPort, $"{method} /mail", "X-HTTP-Method-Override: POST\r\n", evil);
        server.Requests.ShouldHaveSingleItem().ShouldNotContain("evil");
        server.Requests[0].ShouldNotContain("Override", Case.Insensitive);
    }

    [Theory]
    [InlineData("Origin: http://evil.example\r\n")]
    [InlineData("Sec-Fetch-Site: cross-site\r\n")]
    public async Task No_page_drains_or_reads_the_admin_port(string header)
    {
        await using var rig = await Rig.StartAsync();
        foreach (var path in (string[])["/drain", "/metrics"])
            (await HeaderTests.SendAsync(rig.AdminPort, $"GET {path}", header, "")).ShouldStartWith("HTTP/1.1 403");
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{rig.AdminPort}/metrics");
        rebound.Headers.Host = "rebind.evil.example:15082";
        using var refused = await rig.PodHttp.SendAsync(rebound);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await HeaderTests.SendAsync(rig.AdminPort, "GET /metrics", "", "")).ShouldStartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData("/a%2fb")]
    [InlineData("/a/../b")]
    [InlineData("/a//b/./c")]
    [InlineData("/x?a=%zz&b=%41")]
    [InlineData("/x|y")]
    [InlineData("/a\\b")]
    public async Task The_agent_gets_the_target_as_it_was_sent(string target)
    {
        await using var rig = await Rig.StartAsync();
        await using var agent = new RawUpstream(_ => RawUpstream.Answer("", "ok"), rig.AgentPort);
        (await HeaderTests.SendAsync(rig.InboundPort, $"GET {target}", "", "")).ShouldStartWith("HTTP/1.1 200");
        agent.Requests.ShouldHaveSingleItem().ShouldStartWith($"GET {target} HTTP/1.1\r\n");
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502)]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc", 205)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 304)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 200)]
    public async Task An_odd_answer_is_an_answer(string answer, int status)
    {
        await using var upstream = new RawUpstream(_ => Encoding.ASCII.GetBytes(answer));
        await using var rig = await Rig.StartAsync(config => Rig.Before(config, upstream.Port));
        foreach (var (line, body) in new[] { ("POST /openai/v1/chat/completions", Rig.Body("hi")), ("GET /bench/x", "") })
            (await HeaderTests.SendAsync(rig.EgressPort, line, "", body)).ShouldStartWith($"HTTP/1.1 {status}", Case.Sensitive, line);
        rig.Log.All.ShouldNotContain(line => line.Contains("guardrail_fault", StringComparison.Ordinal));
        rig.Log.All.ShouldNotContain(line => line.Contains("unhandled", StringComparison.OrdinalIgnoreCase));
        await rig.BookedAsync(1);
        rig.Account.Totals.Reserved.Cost.ShouldBe(Contracts.Money.Zero);
    }

    [Fact]
    public async Task A_header_that_holds_our_key_does_not_reach_the_agent()
    {
        await using var provider = new RawUpstream(_ => RawUpstream.Answer($"X-Echo: Bearer {Rig.Key}\r\nX-Plain: 1\r\n", "{}"));
        await using var rig = await Rig.StartAsync(
            (config, _, key) =>
            {
                config.Upstreams =
                [
                    new UpstreamConfig
                    {
                        Name = "bench",
                        Format = "HTTP",
                        Url = $"http://127.0.0.1:{provider.Port}",
                        KeyFile = key,
                    },
                ];
                return config;
            }
        );
        var head = await HeaderTests.SendAsync(rig.EgressPort, "GET /bench/x", "", "");
        head.ShouldContain("X-Plain: 1");
        head.ShouldNotContain(Rig.Key);
    }

    [Theory]
    [InlineData("Content-Type: application/json\r\n", "{\"error\":\"no such key: KEY\",\"again\":\"KEY\"}")]
    [InlineData("Content-Type: text/event-stream\r\n", "data: {\"id\":\"KEY\"}\n\ndata: [DONE]\n\n")]
    [InlineData("Content-Type: text/plain\r\n", "KEYKEY")]
    public async Task A_body_that_holds_our_key_has_it_struck_out(string head, string body)
    {
        var told = body.Replace("KEY", Rig.Key, StringComparison.Ordinal);
        await using var provider = new RawUpstream(_ => RawUpstream.Answer(head, told));
        await using var rig = await Rig.StartAsync(
            (config, _, key) =>
            {
                config = Rig.Before(config, provider.Port);
                config.Upstreams =
                [
                    .. config.Upstreams.Select(u => new UpstreamConfig
                    {
                        Name = u.Name,
                        Format = u.Format,
                        Url = u.Url,
                        KeyFile = key,
                    }),
                ];
                return config;
            }
        );
        foreach (var path in (string[])["/openai/v1/chat/completions", "/bench/x"])
        {
            using var response = await rig.PostAsync(path, Rig.Body("hi"));
            var text = await response.Content.ReadAsStringAsync();
            text.ShouldBe(body.Replace("KEY", new string('*', Rig.Key.Length), StringComparison.Ordinal), path);
        }
        provider.Requests.ShouldAllBe(request => request.Contains(Rig.Key));
    }

    /// <summary>However an answer is cut into pieces, the key is struck out, and nothing else is changed or held back for good.</summary>
    [Fact]
    public void No_way_to_cut_an_answer_shows_the_key()
    {
        const string key = "aab-aab-aaba";
        // Texts of the key, of its beginnings, and of what looks like it.
        var part = Gens.OneOf(key, "aab-", "aab-aab-", "a", "b", "-", "aab-aab-aab", "x");
        Gen.Select(part.Array[0, 8], Gen.Int[1, 9].Array[1, 40])
            .Sample(
                (parts, cuts) =>
                {
                    var text = string.Concat(parts);
                    var (mask, shown, held, at, next) = (KeyMask.Of(key)!, new StringBuilder(), "", 0, 0);
                    while (at < text.Length)
                    {
                        var length = Math.Min(cuts[next++ % cuts.Length], text.Length - at);
                        var piece = Encoding.ASCII.GetBytes(held + text[at..(at + length)]);
                        at += length;
                        var kept = mask.Strike(piece);
                        shown.Append(Encoding.ASCII.GetString(piece, 0, piece.Length - kept));
                        held = Encoding.ASCII.GetString(piece, piece.Length - kept, kept);
                    }
                    shown.Append(held);
                    shown.ToString().ShouldBe(text.Replace(key, new string('*', key.Length), StringComparison.Ordinal));
                },
                iter: 20_000
            );
    }

    [Theory]
    [InlineData(10, "unproven")]
    [InlineData(2000, "settled")]
    public async Task Far_too_few_input_tokens_prove_nothing(int tokens, string outcome)
    {
        var usage = $"{{\"choices\":[],\"usage\":{{\"prompt_tokens\":{tokens},\"completion_tokens\":1}}}}";
        await using var provider = await CannedProvider.StartAsync("OpenAI", usage, "openai");
        await provider.CallAsync("/v1/chat/completions", Rig.Body(new string('x', 9000)));
        (await provider.Rig.BookedAsync(1))[0].ShouldContain($"model call {outcome}");
    }

    [Theory]
    [InlineData("openrouter", "0.02", "0.02")]
    [InlineData("openrouter", "0.000000001", "0.000006")]
    [InlineData("openrouter", "\"0.02\"", "0.000006")]
    [InlineData("openai", "0.02", "0.000006")]
    public async Task What_a_reseller_says_that_it_billed_counts_where_it_is_more(string provider, string stated, string least)
    {
        var usage = $"{{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":1,\"cost\":{stated}}}}}";
        await using var canned = await CannedProvider.StartAsync("OpenAI", usage, provider);
        var model = provider == "openai" ? "gpt-5.4-mini" : "openai/gpt-5.4-mini";
        var body = $"{{\"model\":\"{model}\",\"max_tokens\":9,\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}";
        await canned.CallAsync(
            "/v1/chat/completions",
            body.Replace("max_tokens", provider == "openai" ? "max_completion_tokens" : "max_tokens", StringComparison.Ordinal)
        );
        await canned.Rig.BookedAsync(1);
        var cost = canned.Rig.Account.Totals.Settled.Cost.Amount;
        if (least == "0.02")
            cost.ShouldBe(0.02m);
        else
            cost.ShouldBeInRange(0.000006m, 0.0001m);
        // Dearer than it could be: such a model is refused until somebody has looked.
        var again = await canned.CallAsync("/v1/chat/completions", body);
        again.Status.ShouldBe(least == "0.02" ? 402 : 200, again.Body);
    }

    [Theory]
    [InlineData("azure", 400, "unproven")]
    [InlineData("azure", 408, "unproven")]
    [InlineData("azure", 401, "zero")]
    [InlineData("openai", 400, "zero")]
    public async Task A_failure_that_a_provider_bills_is_not_nothing(string provider, int status, string outcome)
    {
        await using var canned = await CannedProvider.StartAsync("OpenAI", "{\"error\":{}}", provider, status: status);
        await canned.CallAsync("/v1/chat/completions", Rig.Body("hi"));
        (await canned.Rig.BookedAsync(1))[0].ShouldContain($"model call {outcome}");
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("10.9.9.9", "127.0.0.1", true)]
    [InlineData("10.9.9.9", "10.9.9.9", true)]
    [InlineData("::1", "::1", true)]
    [InlineData("::ffff:127.0.0.1", "::ffff:10.9.9.9", true)]
    [InlineData("192.0.2.7", "10.9.9.9", false)]
    [InlineData("::ffff:192.0.2.7", "::ffff:10.9.9.9", false)]
    public void The_pod_is_known_by_either_end(string remote, string local, bool own)
    {
        var connection = new DefaultHttpContext().Connection;
        (connection.RemoteIpAddress, connection.LocalIpAddress) = (IPAddress.Parse(remote), IPAddress.Parse(local));
        new PodAddresses().IsOwn(connection).ShouldBe(own);
    }

    private static MeteredRequest? Read(string name, string path, string body, out ApiError? error)
    {
        var format = WireFormat.Of(name)!;
        return format.Read(format.Match("POST", path), Encoding.UTF8.GetBytes(body), WireFacts.Unknown, out error);
    }
}
