using CsCheck;

namespace AgentReadiness.Pricing.Tests;

/// <summary>Zero is not "none": what a provider counted is believed where it can be, and else proves nothing.</summary>
public sealed class UsagePlausibilityTests
{
    [Theory]
    [InlineData(
        """{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9000,"completion_tokens":10,"total_tokens":9010"""
            + ""","input_tokens":0,"output_tokens":0}}""",
        9000,
        10
    )]
    [InlineData(
        """{"usage":{"input_tokens":0,"output_tokens":0,"prompt_tokens":9000,"completion_tokens":10,"total_tokens":9010}}""",
        9000,
        10
    )]
    [InlineData("""{"usage":{"prompt_tokens":9000,"completion_tokens":10,"total_tokens":0}}""", 9000, 10)]
    [InlineData("""{"usage":{"prompt_tokens":9000,"completion_tokens":0,"total_tokens":9000}}""", 9000, 0)]
    [InlineData("""{"usage":{"prompt_tokens":9000,"prompt_tokens":0,"completion_tokens":10}}""", 9000, 10)]
    // Reasoning beside the output: the total holds it. Within: the total is the sum without it.
    [InlineData(
        """{"usage":{"prompt_tokens":10,"completion_tokens":40,"total_tokens":50,"completion_tokens_details":{"reasoning_tokens":30}}}""",
        10,
        40
    )]
    [InlineData(
        """{"usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":50,"completion_tokens_details":{"reasoning_tokens":30}}}""",
        10,
        40
    )]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":40,"completion_tokens_details":{"reasoning_tokens":30}}}""", 10, 40)]
    public void A_zero_proves_nothing_and_the_total_decides(string json, long input, long output)
    {
        var usage = Whole(UsageApi.Chat, json).ShouldNotBeNull();
        (usage.Input, usage.Output).ShouldBe((input, output));
    }

    [Theory]
    [InlineData("chat", """{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}""")]
    [InlineData("chat", """{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9}}""")]
    [InlineData(
        "chat",
        """{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":""}}]}}]"""
            + ""","usage":{"prompt_tokens":9,"completion_tokens":0}}"""
    )]
    [InlineData("chat", """{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":10,"total_tokens":10}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":0,"completion_tokens":10,"total_tokens":9010}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":9000,"completion_tokens":10,"input_tokens":8000,"output_tokens":10}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":9000,"completion_tokens":10,"total_tokens":9009}}""")]
    [InlineData(
        "chat",
        """{"usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":45,"completion_tokens_details":{"reasoning_tokens":30}}}"""
    )]
    [InlineData(
        "chat",
        """{"usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20,"completion_tokens_details":{"reasoning_tokens":30}}}"""
    )]
    [InlineData("chat", """{"usage":{"prompt_tokens":1e3,"completion_tokens":10}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":10}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":true,"completion_tokens":10}}""")]
    [InlineData(
        "responses",
        """{"status":"completed","output":[{"type":"message","content":[{"text":"x"}]}],"usage":{"input_tokens":9,"output_tokens":0}}"""
    )]
    [InlineData("responses", """{"status":"completed","usage":{"input_tokens":9,"output_tokens":4,"total_tokens":100}}""")]
    [InlineData("messages", """{"content":[{"type":"text","text":"x"}],"usage":{"input_tokens":9,"output_tokens":0}}""")]
    [InlineData("messages", """{"content":[{"type":"text","text":"x"}],"usage":{"input_tokens":0,"output_tokens":5}}""")]
    [InlineData(
        "gemini",
        """{"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}"""
    )]
    [InlineData(
        "gemini",
        """{"candidates":[{"content":{"parts":[{"inlineData":{"data":"AA=="}}]}}],"usageMetadata":{"promptTokenCount":9}}"""
    )]
    [InlineData("gemini", """{"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0}}""")]
    [InlineData("gemini", """{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":5,"totalTokenCount":100}}""")]
    [InlineData("embeddings", """{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":0,"total_tokens":0}}""")]
    [InlineData("chat", """{"usage":{"prompt_tokens":1,"completion_tokens":0}}{"usage":{"prompt_tokens":900,"completion_tokens":0}}""")]
    [InlineData("messages", """{"usage":{"input_tokens":1,"output_tokens":1}} x""")]
    [InlineData("gemini", """[{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":5}}][]""")]
    public void What_is_implausible_proves_nothing(string api, string json)
    {
        UsageApis.TryParse(api, out var format).ShouldBeTrue();
        Whole(format, json).ShouldBeNull();
    }

    [Theory]
    [InlineData("chat", """{"choices":[{"message":{"content":"TEXT"}}],"usage":{"prompt_tokens":9,"completion_tokens":COUNT}}""")]
    [InlineData("messages", """{"content":[{"type":"text","text":"TEXT"}],"usage":{"input_tokens":9,"output_tokens":COUNT}}""")]
    [InlineData(
        "gemini",
        """{"candidates":[{"content":{"parts":[{"text":"TEXT"}]}}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":COUNT}}"""
    )]
    public void A_token_is_no_longer_than_the_longest_one(string api, string json)
    {
        UsageApis.TryParse(api, out var format).ShouldBeTrue();
        var told = json.Replace("TEXT", new string(' ', 10 * TokenUsage.LongestToken), StringComparison.Ordinal);
        Whole(format, told.Replace("COUNT", "9", StringComparison.Ordinal)).ShouldBeNull();
        Whole(format, told.Replace("COUNT", "10", StringComparison.Ordinal)).ShouldNotBeNull().Output.ShouldBe(10);
    }

    [Theory]
    [InlineData("""{"usage":{"total_tokens":12}}""", 12)]
    [InlineData("""{"usage":{"prompt_tokens":12,"total_tokens":12}}""", 12)]
    public void An_embedding_is_counted_by_its_total_where_that_is_all(string json, long input) =>
        Whole(UsageApi.Embeddings, json).ShouldBe(new TokenUsage(input, 0, 0, 0));

    [Theory]
    [InlineData("""{"output_tokens":77}""", 8000, 0, 77)]
    [InlineData("""{"input_tokens":0,"output_tokens":77}""", 8000, 0, 77)]
    [InlineData("""{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":77}""", 8000, 0, 77)]
    [InlineData("""{"input_tokens":12,"output_tokens":77}""", 8000, 0, 77)]
    [InlineData("""{"input_tokens":0,"cache_read_input_tokens":500,"output_tokens":77}""", 8000, 0, 77)]
    [InlineData("""{"input_tokens":9000,"output_tokens":77}""", 9000, 0, 77)]
    [InlineData("""{"input_tokens":1000,"cache_read_input_tokens":6950,"output_tokens":77}""", 7950, 6950, 77)]
    public void Of_what_an_Anthropic_stream_says_twice_the_larger_stands(string delta, long input, long read, long output)
    {
        var facts = Stream(delta);
        facts.IsFinal.ShouldBeTrue();
        facts.Usage.ShouldBe(new TokenUsage(input, read, 0, output));
    }

    [Theory]
    [InlineData("""{"input_tokens":8000}""")]
    [InlineData("""{"output_tokens":0}""")]
    [InlineData("""{"output_tokens":null}""")]
    [InlineData("""{"input_tokens":-1,"output_tokens":77}""")]
    [InlineData("""{"input_tokens":8000.5,"output_tokens":77}""")]
    [InlineData("""{"input_tokens":"8000","output_tokens":77}""")]
    public void An_Anthropic_stream_that_ends_without_a_count_of_its_output_proves_nothing(string delta) =>
        Stream(delta).IsFinal.ShouldBeFalse();

    [Fact]
    public void A_later_chunk_that_counts_less_takes_nothing_back_and_text_after_the_count_is_not_counted()
    {
        var facts = new ResponseFacts(UsageApi.Chat);
        Read(facts, """{"choices":[{"delta":{"content":"hello"}}],"usage":{"prompt_tokens":9000,"completion_tokens":10}}""");
        Read(facts, """{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}""");
        (facts.IsFinal, facts.Usage).ShouldBe((true, new TokenUsage(9000, 0, 0, 10)));
        Read(facts, """{"choices":[{"delta":{"content":" and more"}}]}""");
        facts.End();
        facts.IsFinal.ShouldBeFalse();
    }

    [Fact]
    public void Cached_tokens_are_subtracted_by_modality()
    {
        var usage = Whole(
                UsageApi.Gemini,
                """
                {"usageMetadata":{"promptTokenCount":10000,"candidatesTokenCount":10,"cachedContentTokenCount":9000,"totalTokenCount":10010,
                "promptTokensDetails":[{"modality":"AUDIO","tokenCount":4000},{"modality":"VIDEO","tokenCount":5000},
                  {"modality":"TEXT","tokenCount":1000}],
                "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":3600},{"modality":"VIDEO","tokenCount":4500},
                  {"modality":"TEXT","tokenCount":900}]}}
                """
            )
            .ShouldNotBeNull();
        (usage.CachedAudio, usage.CachedVideo).ShouldBe((3600, 4500));
        var price = PriceCatalog.Load().Find("google", "gemini-2.5-flash-lite", TimeProvider.System.GetUtcNow())!;
        // Text and video: 0.1, from the cache 0.01; audio: 0.3, from the cache 0.03; USD per million.
        price
            .Cost(usage)!
            .Value.Input.Amount.ShouldBe(
                ((100 * 0.1m) + (900 * 0.01m) + (400 * 0.3m) + (3600 * 0.03m) + (500 * 0.1m) + (4500 * 0.01m)) / 1e6m
            );
    }

    /// <summary>
    /// However a call is told, with zeros beside, doubled names, reasoning within or beside, what is settled is what was used, or nothing
    /// is.
    /// </summary>
    [Fact]
    public void No_way_to_tell_a_call_makes_it_cheaper() =>
        Gen.Select(Gen.Int[1, 100_000], Gen.Int[0, 100_000], Gen.Int[1, 5000], Gen.Int[0, 5000], Gen.Int[0, 6], Gen.Int[0, 4])
            .Sample(
                (input, cached, said, thought, noise, total) =>
                {
                    cached %= input + 1;
                    var beside = total is 1;
                    var counted = beside ? said : said + thought;
                    var text = string.Create(
                        CultureInfo.InvariantCulture,
                        $$"""
                        {"choices":[{"message":{"content":"x"} }],"usage": { {{Noise(
                            noise
                        )}}"prompt_tokens":{{input}},"completion_tokens":{{counted}},
                        "prompt_tokens_details":{"cached_tokens":{{cached}}},"completion_tokens_details":{"reasoning_tokens":{{thought}} }
                        {{Total(total, input, said + thought)}} } }
                        """
                    );
                    var usage = Whole(UsageApi.Chat, text);
                    if (usage is not { } counts)
                        return;
                    counts.Input.ShouldBe(input);
                    counts.Output.ShouldBe(said + thought, text);
                },
                iter: 20_000
            );

    /// <summary>
    /// Whatever events say and in whatever order, a stream is never settled below the largest count that one of them said.
    /// </summary>
    [Theory]
    [InlineData("chat")]
    [InlineData("messages")]
    [InlineData("gemini")]
    [InlineData("responses")]
    public void A_stream_never_settles_below_what_it_said(string api)
    {
        UsageApis.TryParse(api, out var format).ShouldBeTrue();
        var count = Gen.OneOf(Gen.Const(0), Gen.Int[0, 9000]);
        Gen.Select(count, count, Gen.Bool)
            .Array[1, 6]
            .Sample(
                events =>
                {
                    var facts = new ResponseFacts(format);
                    var (most, output, lastText, lastCount) = (0, 0, -1, -1);
                    for (var i = 0; i < events.Length; i++)
                    {
                        var (input, said, text) = events[i];
                        if (text)
                            Read(facts, Text(format));
                        Read(facts, Counts(format, i, input, said));
                        most = Math.Max(most, input);
                        if (said >= output)
                            (output, lastCount) = (said, i);
                        if (text)
                            lastText = i;
                    }
                    facts.End();
                    if (!facts.IsFinal)
                        return;
                    facts.Usage!.Value.Input.ShouldBeGreaterThanOrEqualTo(most);
                    facts.Usage.Value.Output.ShouldBeGreaterThanOrEqualTo(output);
                    facts.Usage.Value.Input.ShouldBeGreaterThan(0);
                    if (lastText >= 0)
                    {
                        facts.Usage.Value.Output.ShouldBeGreaterThan(0);
                        lastCount.ShouldBeGreaterThanOrEqualTo(lastText);
                    }
                },
                iter: 20_000
            );
    }

    private static string Text(UsageApi api) =>
        api switch
        {
            UsageApi.Messages => """{"type":"content_block_delta","delta":{"type":"text_delta","text":"hello"}}""",
            UsageApi.Gemini => """{"candidates":[{"content":{"parts":[{"text":"hello"}]}}]}""",
            UsageApi.Responses => """{"type":"response.output_text.delta","delta":"hello"}""",
            _ => """{"choices":[{"delta":{"content":"hello"}}]}""",
        };

    private static string Counts(UsageApi api, int at, int input, int output) =>
        (api, at) switch
        {
            (UsageApi.Messages, 0) =>
                $$$"""{"type":"message_start","message":{"usage":{"input_tokens":{{{input}}},"output_tokens":{{{output}}} } } }""",
            (UsageApi.Messages, _) => """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":"""
                + $$$"""{"input_tokens":{{{input}}},"output_tokens":{{{output}}} } }""",
            (UsageApi.Gemini, _) =>
                $$$"""{"candidates":[],"usageMetadata":{"promptTokenCount":{{{input}}},"candidatesTokenCount":{{{output}}} } }""",
            (UsageApi.Responses, _) =>
                $$$"""{"type":"response.completed","response":{"usage":{"input_tokens":{{{input}}},"output_tokens":{{{output}}} } } }""",
            _ => $$$"""{"choices":[],"usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}} } }""",
        };

    private static string Noise(int which) =>
        which switch
        {
            1 => "\"input_tokens\":0,\"output_tokens\":0,",
            2 => "\"total_tokens\":0,",
            3 => "\"prompt_tokens\":0,",
            4 => "\"cached_tokens\":0,",
            5 => "\"reasoning_tokens\":0,\"input_tokens\":null,",
            _ => "",
        };

    private static string Total(int which, int input, int output) =>
        which switch
        {
            0 or 1 => $",\"total_tokens\":{input + output}",
            2 => ",\"total_tokens\":null",
            3 => "",
            _ => $",\"total_tokens\":{input + output - 1}",
        };

    private static ResponseFacts Stream(string delta)
    {
        var facts = new ResponseFacts(UsageApi.Messages);
        Read(facts, """{"type":"message_start","message":{"id":"m","usage":{"input_tokens":8000,"output_tokens":1}}}""");
        Read(facts, Text(UsageApi.Messages));
        Read(facts, $$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{{delta}}}""");
        Read(facts, """{"type":"message_stop"}""");
        return facts;
    }

    private static void Read(ResponseFacts facts, string json) => facts.Read(Encoding.UTF8.GetBytes(json), out _);

    private static TokenUsage? Whole(UsageApi api, string json)
    {
        var facts = new ResponseFacts(api);
        facts.Whole(Encoding.UTF8.GetBytes(json));
        return facts.IsFinal ? facts.Usage : null;
    }
}
