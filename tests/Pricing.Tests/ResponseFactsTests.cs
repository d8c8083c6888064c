namespace AgentReadiness.Pricing.Tests;

public sealed class ResponseFactsTests
{
    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""", 10, 0, 0, 5)]
    [InlineData(
        """{"usage":{"completion_tokens":5,"prompt_tokens_details":{"x":{"cached_tokens":99},"cached_tokens":4"""
            + ""","cache_write_tokens":2},"prompt_tokens":10}}""",
        10,
        4,
        2,
        5
    )]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null}}""", 10, 0, 0, 5)]
    [InlineData("""{"usage":{"prompt_tokens":758,"completion_tokens":102,"total_tokens":1725}}""", 758, 0, 0, 967)]
    public void Chat(string json, long input, long read, long write, long output)
    {
        var usage = Whole(UsageApi.Chat, json).ShouldNotBeNull();
        (usage.Input, usage.CacheRead, usage.CacheWrite, usage.Output).ShouldBe((input, read, write, output));
    }

    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":10}}""")]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":5}}""")]
    [InlineData("""{"usage":{"prompt_tokens":1.5,"completion_tokens":5}}""")]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":"5"}}""")]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":11}}}""")]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":7}}""")]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":5""")]
    [InlineData("""{"usage":[]}""")]
    public void Usage_that_proves_nothing_is_none(string json) => Whole(UsageApi.Chat, json).ShouldBeNull();

    [Fact]
    public void Anthropic_counts_the_cache_beside_the_input_and_a_late_correction_wins()
    {
        var facts = new ResponseFacts(UsageApi.Messages);
        Read(
            facts,
            """{"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-5","usage":{"input_tokens":34824"""
                + ""","output_tokens":1,"cache_creation_input_tokens":0}}}"""
        );
        facts.IsFinal.ShouldBeFalse();
        Read(facts, """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}""");
        facts.ContentBytes.ShouldBe(5);
        Read(
            facts,
            """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":3883"""
                + ""","cache_read_input_tokens":30464,"output_tokens":77,"output_tokens_details":{"thinking_tokens":7}}}"""
        );
        facts.IsFinal.ShouldBeTrue();
        facts.Usage.ShouldBe(new TokenUsage(34347, 30464, 0, 77) { Reasoning = 7 });
        (facts.Id, facts.Model).ShouldBe(("msg_1", "claude-sonnet-4-5"));
    }

    [Fact]
    public void A_placeholder_is_not_a_price()
    {
        var facts = new ResponseFacts(UsageApi.Messages);
        Read(facts, """{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}""");
        facts.End();
        facts.IsFinal.ShouldBeFalse();
    }

    [Fact]
    public void Cache_writes_of_five_minutes_and_an_hour_are_told_apart()
    {
        var usage = Whole(
            UsageApi.Messages,
            """
            {"model":"m","usage":{"input_tokens":10,"cache_creation_input_tokens":500,
              "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":300},
            "output_tokens":3,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":9},"service_tier":"priority"}}
            """
        );
        usage.ShouldBe(new TokenUsage(510, 0, 500, 3) { CacheWriteLong = 300, WebSearches = 2 });
    }

    [Fact]
    public void Responses_settle_on_a_terminal_event_only()
    {
        var facts = new ResponseFacts(UsageApi.Responses);
        Read(facts, """{"type":"response.created","response":{"id":"r","status":"in_progress","model":"gpt-5","usage":null}}""");
        Read(facts, """{"type":"response.output_text.delta","delta":"abcd"}""");
        facts.End();
        (facts.IsFinal, facts.ContentBytes, facts.Status).ShouldBe((false, 4, "in_progress"));
        Read(
            facts,
            """{"type":"response.incomplete","response":{"status":"incomplete","usage":{"input_tokens":9"""
                + ""","input_tokens_details":{"cached_tokens":1},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":2}"""
                + ""","total_tokens":13}}}"""
        );
        facts.IsFinal.ShouldBeTrue();
        facts.Usage.ShouldBe(new TokenUsage(9, 1, 0, 4) { Reasoning = 2 });
    }

    [Theory]
    [InlineData("queued", false)]
    [InlineData("in_progress", false)]
    [InlineData("completed", true)]
    [InlineData("failed", true)]
    public void A_response_in_the_background_is_final_when_it_has_ended(string status, bool final)
    {
        var facts = new ResponseFacts(UsageApi.Responses);
        facts.Whole(
            Encoding.UTF8.GetBytes(
                $$$"""{"id":"r","status":"{{{status}}}","error":{"code":"x"},"usage":{"input_tokens":9,"output_tokens":4}}"""
            )
        );
        facts.IsFinal.ShouldBe(final);
    }

    [Fact]
    public void Gemini_counts_thoughts_and_tools_beside_and_the_last_chunk_wins()
    {
        var facts = new ResponseFacts(UsageApi.Gemini);
        Read(
            facts,
            """{"candidates":[{"content":{"parts":[{"text":"abc"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":100}"""
                + ""","modelVersion":"gemini-2.5-flash","responseId":"g"}"""
        );
        Read(
            facts,
            """
            {"candidates":[],"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":20,"candidatesTokenCount":10,
              "thoughtsTokenCount":40,"toolUsePromptTokenCount":5,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":60},{"modality":"AUDIO","tokenCount":40}],
              "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":20}]}}
            """
        );
        facts.End();
        facts.IsFinal.ShouldBeTrue();
        facts.Usage.ShouldBe(
            new TokenUsage(105, 20, 0, 50)
            {
                Reasoning = 40,
                InputAudio = 40,
                CachedAudio = 20,
            }
        );
        (facts.Id, facts.Model, facts.ContentBytes).ShouldBe(("g", "gemini-2.5-flash", 3));
    }

    [Fact]
    public void Reasoning_beside_the_output_counts_once()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        facts.Whole(
            """{"model":"grok-4","usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":50"""u8
                + ""","completion_tokens_details":{"reasoning_tokens":30}}}"""u8
        );
        facts.Usage.ShouldBe(new TokenUsage(10, 0, 0, 40) { Reasoning = 30 });
    }

    [Fact]
    public void An_error_in_the_stream_proves_nothing()
    {
        var facts = new ResponseFacts(UsageApi.Gemini);
        Read(facts, """{"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":1}}""");
        Read(facts, """{"error":{"code":500}}""");
        facts.End();
        facts.IsFinal.ShouldBeFalse();
    }

    private static void Read(ResponseFacts facts, string json) => facts.Read(Encoding.UTF8.GetBytes(json), out _);

    private static TokenUsage? Whole(UsageApi api, string json)
    {
        var facts = new ResponseFacts(api);
        facts.Whole(Encoding.UTF8.GetBytes(json));
        return facts.IsFinal ? facts.Usage : null;
    }

    [Theory]
    [InlineData("[]", true)]
    [InlineData("[ ]", true)]
    [InlineData("null", true)]
    [InlineData("[{}]", false)]
    [InlineData("{}", false)]
    public void A_chunk_without_choices_is_the_usage_chunk(string choices, bool usageOnly)
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        facts.Read(
            Encoding.UTF8.GetBytes($$$"""{"choices":{{{choices}}},"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"""),
            out var only
        );
        only.ShouldBe(usageOnly);
    }
}
