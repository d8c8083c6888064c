using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What a guardrail books for what providers are known to answer: to the last digit, or the whole reservation.</summary>
public sealed class BilledTests
{
    private const string Chat = """{"model":"gpt-5.4-mini","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}""";
    private const string Messages = """{"model":"claude-haiku-4-5","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}""";
    private const string Contents = "\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}],\"generationConfig\":{\"maxOutputTokens\":64}";

    // USD per token: gpt-5.4-mini 0.75 and 4.5, claude-haiku-4-5 1 and 5, gemini-2.5-flash 0.3 and 2.5 per million.
    [Theory]
    [InlineData(
        """{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":90,"completion_tokens":10,"total_tokens":100"""
            + ""","input_tokens":0,"output_tokens":0}}""",
        90,
        10
    )]
    [InlineData(
        """
            data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":90,"completion_tokens":10}}

            data: {"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}

            data: [DONE]


            """,
        90,
        10
    )]
    public async Task A_chat_is_settled_at_what_was_counted(string answer, int input, int output)
    {
        await using var provider = await CannedProvider.StartAsync("OpenAI", answer);
        var body = answer.StartsWith("data", StringComparison.Ordinal) ? Chat.Replace("{\"model", "{\"stream\":true,\"model") : Chat;
        (await provider.CallAsync("/v1/chat/completions", body)).Status.ShouldBe(200);
        Settled(provider).ShouldBe((input * 0.00000075m) + (output * 0.0000045m));
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}""")]
    [InlineData("""{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9}}""")]
    [InlineData("""{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":9}}""")]
    public async Task An_implausible_count_keeps_the_reservation(string answer)
    {
        await using var provider = await CannedProvider.StartAsync("OpenAI", answer);
        await provider.CallAsync("/v1/chat/completions", Chat);
        var totals = provider.Rig.Account.Totals;
        (totals.Settled.Cost, totals.Unproven.Cost > Money.Zero).ShouldBe((Money.Zero, true));
    }

    [Fact]
    public async Task Input_that_a_later_event_calls_zero_is_billed()
    {
        await using var provider = await CannedProvider.StartAsync(
            "Anthropic",
            """
            data: {"type":"message_start","message":{"usage":{"input_tokens":80,"output_tokens":1}}}

            data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"x"}}

            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"output_tokens":5}}


            """
        );
        await provider.CallAsync("/v1/messages", Messages.Replace("{\"model", "{\"stream\":true,\"model"));
        Settled(provider).ShouldBe((80 * 0.000001m) + (5 * 0.000005m));
    }

    [Theory]
    [InlineData("us", "1.1")]
    [InlineData("global", "1")]
    [InlineData("not_available", "1")]
    public async Task The_place_where_a_model_ran_is_billed(string place, string factor)
    {
        await using var provider = await CannedProvider.StartAsync(
            "Anthropic",
            $$$"""{"content":[{"type":"text","text":"x"}],"usage":{"input_tokens":80,"output_tokens":64,"inference_geo":"{{{place}}}"} }"""
        );
        await provider.CallAsync("/v1/messages", Messages);
        Settled(provider)
            .ShouldBe(((80 * 0.000001m) + (64 * 0.000005m)) * decimal.Parse(factor, System.Globalization.CultureInfo.InvariantCulture));
        provider.Rig.Log.All.ShouldNotContain(line => line.Contains("overrun", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("inference_geo", "mars")]
    [InlineData("service_tier", "priority")]
    [InlineData("service_tier", "unheard-of")]
    public async Task What_has_no_price_is_refused_before_it_is_sent(string field, string value)
    {
        await using var provider = await CannedProvider.StartAsync("Anthropic", "{}");
        var (status, body) = await provider.CallAsync("/v1/messages", Messages.Replace("{\"model", $"{{\"{field}\":\"{value}\",\"model"));
        (status, provider.Bodies.Count).ShouldBe((400, 0));
        body.ShouldContain("unbounded_cost");
        body.ShouldContain(value);
        body.ShouldContain("in the price catalog");
    }

    [Theory]
    [InlineData("X-Vertex-AI-LLM-Shared-Request-Type", "priority")]
    [InlineData("X-Amzn-Bedrock-Service-Tier", "priority")]
    [InlineData("X-Amzn-Bedrock-PerformanceConfig-Latency", "optimized")]
    public async Task A_tier_that_a_header_asks_for_is_refused_where_it_has_no_price(string name, string value)
    {
        await using var provider = await CannedProvider.StartAsync("OpenAI", "{}");
        var (status, body) = await provider.CallAsync("/v1/chat/completions", Chat, (name, value));
        (status, provider.Bodies.Count, body.Contains("unbounded_cost", StringComparison.Ordinal)).ShouldBe((400, 0, true));
    }

    [Theory]
    [InlineData("priority", "standard", "1")]
    [InlineData("priority", "priority", "1.8")]
    [InlineData("SERVICE_TIER_PRIORITY", "standard", "1")]
    public async Task The_tier_that_served_is_billed_where_a_header_tells_it(string asked, string served, string factor)
    {
        await using var provider = await CannedProvider.StartAsync(
            "Gemini",
            """
            {"candidates":[{"content":{"parts":[{"text":"x"}]}}],
              "usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":10,"totalTokenCount":30}}
            """,
            "google",
            "\"serviceTiers\":{\"priority\":\"1.8\"},",
            200,
            ("x-gemini-service-tier", served)
        );
        var (status, body) = await provider.CallAsync(
            "/v1beta/models/gemini-2.5-flash:generateContent",
            $$"""{{{Contents}},"serviceTier":"{{asked}}"}"""
        );
        status.ShouldBe(200, body);
        Settled(provider)
            .ShouldBe(((20 * 0.0000003m) + (10 * 0.0000025m)) * decimal.Parse(factor, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task An_image_that_nobody_asked_for_is_within_the_reservation()
    {
        await using var provider = await CannedProvider.StartAsync(
            "Gemini",
            """
            {"candidates":[{"content":{"parts":[{"inlineData":{"data":"AA=="}}]}}],"usageMetadata":{"promptTokenCount":20,
              "candidatesTokenCount":1290,"totalTokenCount":1310,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}}
            """
        );
        await provider.CallAsync("/v1beta/models/gemini-3-pro-image-preview:generateContent", "{" + Contents + "}");
        Settled(provider).ShouldBe((20 * 0.000002m) + (1290 * 0.00012m));
        provider.Rig.Log.All.ShouldNotContain(line => line.Contains("overrun", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("google", 503, true)]
    [InlineData("openrouter", 500, true)]
    [InlineData("openai", 503, false)]
    [InlineData(null, 500, false)]
    public async Task A_failure_costs_nothing_where_the_provider_says_so(string? name, int status, bool free)
    {
        await using var provider = await CannedProvider.StartAsync("OpenAI", "{\"error\":{}}", name, "", status);
        var model = name switch
        {
            "google" => "gemini-2.5-flash",
            "openrouter" => "openai/gpt-4o-mini",
            _ => "gpt-5.4-mini",
        };
        (await provider.CallAsync("/v1/chat/completions", Chat.Replace("gpt-5.4-mini", model))).Status.ShouldBe(status);
        (provider.Rig.Account.Totals.Unproven.Cost == Money.Zero).ShouldBe(free);
    }

    private static decimal Settled(CannedProvider provider)
    {
        var totals = provider.Rig.Account.Totals;
        totals.Unproven.Cost.ShouldBe(Money.Zero);
        return totals.Settled.Cost.Amount;
    }
}
