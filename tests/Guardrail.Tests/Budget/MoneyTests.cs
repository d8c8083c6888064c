using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Tests.Provider;
using AgentReadiness.Pricing;
using AgentReadiness.Samples.Provider;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// What the guardrail settles is what the provider bills, to the last digit, in every format and framing; and what a provider lies about
/// shows.
/// </summary>
public sealed class MoneyTests
{
    private static readonly PriceCatalog Catalog = PriceCatalog.Load();

    public static TheoryData<string, bool, string> Honest()
    {
        var data = new TheoryData<string, bool, string>();
        foreach (var api in new[] { "chat", "responses", "messages", "gemini", "gemini-array", "embeddings" })
        {
            foreach (
                var stream in api is "embeddings" ? [false]
                : api is "gemini-array" ? new[] { true }
                : [false, true]
            )
            {
                data.Add(api, stream, "hello");
                data.Add(api, stream, "[[cached=40]] [[tokens=50]] " + new string('x', 400));
                data.Add(api, stream, "[[gzip]]");
                if (api == "embeddings")
                    continue;
                data.Add(api, stream, "[[thinking=30]] [[cached=10]]");
                if (api == "messages")
                    data.Add(api, stream, "[[cache_write=40]] [[cache_write_1h=20]] [[cached=30]] " + new string('x', 400));
                if (!stream)
                    continue;
                foreach (
                    var framing in new[]
                    {
                        "[[crlf]]",
                        "[[nospace]]",
                        "[[comments]]",
                        "[[bytewise]]",
                        "[[big_event=300]]",
                        "[[empty_events]]",
                    }
                )
                    data.Add(api, true, "[[thinking=5]] " + framing);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Honest))]
    public async Task Settled_is_what_is_billed(string api, bool stream, string text)
    {
        await using var source = await Source.StartAsync(guarded: true);
        using var response = await CallAsync(source, api, stream, text);
        ((int)response.StatusCode).ShouldBe(200, await response.Content.ReadAsStringAsync());
        var billed = await source.BilledAsync();
        await source.SettledAsync();
        source.Account!.Totals.Unproven.Cost.ShouldBe(Money.Zero);
        source.Account.Totals.Settled.Cost.ShouldBe(Bill(billed));
        billed.Input.ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("chat", true, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("chat", false, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("messages", true, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("messages", false, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("responses", true, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("gemini", true, "[[overshoot=5000]] [[tokens=6000]]", 402)]
    [InlineData("chat", false, "[[tier=priority]]", 402)]
    [InlineData("messages", true, "[[tier=priority]]", 402)]
    [InlineData("chat", false, "[[answer_model=gpt-5.4-pro]]", 402)]
    [InlineData("chat", true, "[[no_usage]]", 200)]
    [InlineData("messages", false, "[[no_usage]]", 200)]
    public async Task A_lie_ends_in_an_overrun_or_in_the_whole_reservation(string api, bool stream, string text, int next)
    {
        await using var source = await Source.StartAsync(guarded: true);
        using (var response = await CallAsync(source, api, stream, text))
            await response.Content.ReadAsStringAsync();
        await source.SettledAsync();
        var totals = source.Account!.Totals;
        (totals.Settled + totals.Unproven).Cost.Amount.ShouldBeGreaterThan(0);
        if (next == 200)
            (totals.Settled.Cost, totals.Unproven.Cost >= Bill(await source.BilledAsync())).ShouldBe((Money.Zero, true));
        else
            await source.LoggedAsync("overrun:");
        using var again = await CallAsync(source, api, stream, "hello");
        ((int)again.StatusCode).ShouldBe(next);
        if (next == 402)
            (await again.Content.ReadAsStringAsync()).ShouldContain("model_overrun");
    }

    [Fact]
    public async Task A_response_in_the_background_is_settled_once_whoever_reads_it()
    {
        await using var source = await Source.StartAsync(guarded: true);
        using var response = await source.SendAsync(
            HttpMethod.Post,
            "/v1/responses",
            """{"model":"gpt-5.4-mini","input":"hello","background":true}"""
        );
        var id = (string)(await Source.JsonAsync(response))["id"]!;
        source.Account!.Totals.Reserved.Cost.Amount.ShouldBeGreaterThan(0);
        string? status = null;
        while (status != "completed")
        {
            using var read = await source.SendAsync(HttpMethod.Get, $"/v1/responses/{id}", null);
            status = (string?)(await Source.JsonAsync(read))["status"];
        }
        await source.SettledAsync();
        source.Account.Totals.Settled.Cost.ShouldBe(Bill(await source.BilledAsync()));
        using var once = await source.SendAsync(HttpMethod.Get, $"/v1/responses/{id}", null);
        source.Account.Totals.Settled.Cost.ShouldBe(Bill(source.Witness.Calls[0]));
    }

    private static async Task<HttpResponseMessage> CallAsync(Source source, string api, bool stream, string text)
    {
        var quoted = JsonSerializer.Serialize(text);
        var flag = stream ? "true" : "false";
        return api switch
        {
            "chat" => await source.SendAsync(
                HttpMethod.Post,
                "/v1/chat/completions",
                $$"""{"model":"gpt-5.4-mini","max_tokens":500,"stream":{{flag}},"messages":[{"role":"user","content":{{quoted}}}]}"""
            ),
            "responses" => await source.SendAsync(
                HttpMethod.Post,
                "/v1/responses",
                $$"""{"model":"gpt-5.4-mini","max_output_tokens":500,"stream":{{flag}},"input":{{quoted}}}"""
            ),
            "embeddings" => await source.SendAsync(
                HttpMethod.Post,
                "/v1/embeddings",
                $$"""{"model":"text-embedding-3-small","input":{{quoted}}}"""
            ),
            "messages" => await source.SendAsync(
                HttpMethod.Post,
                "/v1/messages",
                $$"""{"model":"claude-haiku-4-5","max_tokens":500,"stream":{{flag}},"messages":[{"role":"user","content":{{quoted}}}]}""",
                ("anthropic-version", "2023-06-01")
            ),
            _ => await source.SendAsync(
                HttpMethod.Post,
                $"/v1beta/models/gemini-2.5-flash:{(stream ? "streamGenerateContent" : "generateContent")}"
                    + $"{(api == "gemini" && stream ? "?alt=sse" : "")}",
                $$$"""{"contents":[{"role":"user","parts":[{"text":{{{quoted}}}}]}],"generationConfig":{"maxOutputTokens":500}}"""
            ),
        };
    }

    private static Money Bill(BilledCall call) =>
        Catalog
            .Find(null, call.Model, TimeProvider.System.GetUtcNow())!
            .Cost(
                new TokenUsage(call.Input, call.CacheRead, call.CacheWrite5m + call.CacheWrite1h, call.Output)
                {
                    CacheWriteLong = call.CacheWrite1h,
                    WebSearches = call.WebSearches,
                }
            )!
            .Value.Total;
}
