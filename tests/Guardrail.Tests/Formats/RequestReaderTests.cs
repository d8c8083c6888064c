using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>What the bodies of each format say about a call's cost.</summary>
public sealed class RequestReaderTests
{
    private static readonly WireFormat OpenAi = WireFormat.Of("OpenAI")!;
    private static readonly WireFormat Anthropic = WireFormat.Of("Anthropic")!;
    private static readonly WireFormat Gemini = WireFormat.Of("Gemini")!;

    [Theory]
    [InlineData("OpenAI", "POST", "/v1/chat/completions", EndpointKind.Metered)]
    [InlineData("OpenAI", "POST", "/responses", EndpointKind.Metered)]
    [InlineData("OpenAI", "POST", "/v1/embeddings", EndpointKind.Metered)]
    [InlineData("OpenAI", "GET", "/v1/models/gpt-4o", EndpointKind.Free)]
    [InlineData("OpenAI", "GET", "/v1/models/anthropic/claude", EndpointKind.Free)]
    [InlineData("OpenAI", "GET", "/v1/responses/resp_1", EndpointKind.Poll)]
    [InlineData("OpenAI", "POST", "/v1/responses/resp_1/cancel", EndpointKind.Poll)]
    [InlineData("OpenAI", "GET", "/v1/responses/resp_1/input_items", EndpointKind.Free)]
    [InlineData("OpenAI", "DELETE", "/v1/responses/resp_1", EndpointKind.Free)]
    [InlineData("OpenAI", "PATCH", "/v1/responses/resp_1", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "POST", "/openai/deployments/d1/chat/completions", EndpointKind.Metered)]
    [InlineData("OpenAI", "POST", "/openai/deployments/d1/images/generations", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "POST", "/openai/v1/responses", EndpointKind.Metered)]
    [InlineData("OpenAI", "POST", "/openai/responses", EndpointKind.Metered)]
    [InlineData("OpenAI", "GET", "/openai/responses/resp_1", EndpointKind.Poll)]
    [InlineData("OpenAI", "GET", "/openai/models", EndpointKind.Free)]
    [InlineData("OpenAI", "POST", "/openai/files", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "GET", "/openai/deployments", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "POST", "/openai", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "POST", "/v1/audio/speech", EndpointKind.Unmetered)]
    [InlineData("OpenAI", "POST", "/v1/realtime", EndpointKind.Unmetered)]
    [InlineData("Anthropic", "POST", "/v1/messages", EndpointKind.Metered)]
    [InlineData("Anthropic", "POST", "/messages", EndpointKind.Metered)]
    [InlineData("Anthropic", "POST", "/v1/messages/count_tokens", EndpointKind.Free)]
    [InlineData("Anthropic", "POST", "/v1/messages/batches", EndpointKind.Unmetered)]
    [InlineData("Gemini", "POST", "/v1beta/models/gemini-2.5-flash:generateContent", EndpointKind.Metered)]
    [InlineData("Gemini", "POST", "/v1/models/gemini-2.5-flash:streamGenerateContent", EndpointKind.Metered)]
    [InlineData("Gemini", "POST", "/v1beta/models/gemini-2.5-flash:countTokens", EndpointKind.Free)]
    [InlineData("Gemini", "POST", "/v1beta/models/gemini-2.5-flash:batchGenerateContent", EndpointKind.Unmetered)]
    [InlineData("Gemini", "POST", "/v1beta/cachedContents", EndpointKind.Unmetered)]
    [InlineData("Gemini", "POST", "/upload/v1beta/files", EndpointKind.Unmetered)]
    [InlineData("MCP", "POST", "", EndpointKind.Tool)]
    [InlineData("MCP", "POST", "/elsewhere", EndpointKind.Unmetered)]
    [InlineData("HTTP", "PUT", "/any/thing", EndpointKind.Tool)]
    public void Only_what_is_priced_or_known_to_be_free_passes(string format, string method, string path, object kind) =>
        WireFormat.Of(format)!.Match(method, path).Kind.ShouldBe((EndpointKind)kind);

    [Theory]
    [InlineData("/v1/responses", """{"model":"m","input":"hi"}""", """{"max_output_tokens":99,"model":"m","input":"hi"}""")]
    [InlineData(
        "/v1/responses",
        """{"max_output_tokens":200,"model":"m","input":"hi"}""",
        """{"max_output_tokens":99,"model":"m","input":"hi"}"""
    )]
    [InlineData(
        "/v1/responses",
        """{"max_output_tokens":9,"model":"m","input":"hi"}""",
        """{"max_output_tokens":9,"model":"m","input":"hi"}"""
    )]
    [InlineData(
        "/v1/responses",
        """{"max_output_tokens": null,"model":"m","input":"hi"}""",
        """{"max_output_tokens": 99,"model":"m","input":"hi"}"""
    )]
    [InlineData("/v1/embeddings", """{"model":"m","input":["a","b"]}""", """{"model":"m","input":["a","b"]}""")]
    [InlineData(
        "/v1/chat/completions",
        """{"max_tokens":500,"max_completion_tokens":400,"model":"m","messages":[{"role":"user"}]}""",
        """{"max_tokens":99,"max_completion_tokens":99,"model":"m","messages":[{"role":"user"}]}"""
    )]
    public void OpenAI_bodies_get_the_limit_that_holds(string path, string body, string expected) =>
        Spliced(OpenAi, path, body, 99).ShouldBe(expected);

    [Theory]
    [InlineData(
        """{"model":"m","messages":[{"role":"user","content":"hi"}]}""",
        """{"max_tokens":99,"model":"m","messages":[{"role":"user","content":"hi"}]}"""
    )]
    [InlineData(
        """{"model":"m","max_tokens":1024,"messages":[{"role":"user","content":"hi"}]}""",
        """{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"hi"}]}"""
    )]
    public void Anthropic_bodies_get_the_limit_that_holds(string body, string expected) =>
        Spliced(Anthropic, "/v1/messages", body, 99).ShouldBe(expected);

    [Theory]
    [InlineData(
        """{"contents":[{"parts":[{"text":"hi"}]}]}""",
        """{"generationConfig":{"maxOutputTokens":99},"contents":[{"parts":[{"text":"hi"}]}]}"""
    )]
    [InlineData(
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{}}""",
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":99}}"""
    )]
    [InlineData(
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"topK":1}}""",
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":99,"topK":1}}"""
    )]
    [InlineData(
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":100}}""",
        """{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":99}}"""
    )]
    public void Gemini_bodies_get_the_limit_that_holds(string body, string expected) =>
        Spliced(Gemini, "/v1beta/models/gemini-2.5-flash:generateContent", body, 99).ShouldBe(expected);

    [Theory]
    [InlineData("""{"model":"m","input":"x","previous_response_id":"resp_1"}""", true, false)]
    [InlineData("""{"model":"m","input":"x","prompt":{"id":"pmpt_1"}}""", true, false)]
    [InlineData("""{"model":"m","input":"x","conversation":"conv_1"}""", true, false)]
    [InlineData("""{"model":"m","input":[{"type":"item_reference","id":"i"}]}""", true, false)]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]}""", false, true)]
    [InlineData("""{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":"text"}]}""", false, false)]
    [InlineData(
        """{"model":"m","input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"},"""
            + """{"type":"input_file","file_id":"f"}]}]}""",
        false,
        true
    )]
    [InlineData(
        """{"model":"m","input":[{"role":"assistant","content":[{"type":"output_text","text":"x"},{"type":"refusal","refusal":"x"}]}]}""",
        false,
        false
    )]
    [InlineData(
        """{"model":"m","input":[{"type":"reasoning","content":[{"type":"reasoning_text","text":"x"},"""
            + """{"type":"summary_text","text":"x"},{"type":"text","text":"x"}]}]}""",
        false,
        false
    )]
    [InlineData(
        """{"model":"m","input":[{"type":"shell_call_output","call_id":"c","output":["""
            + """{"stdout":"x","stderr":"","outcome":{"type":"exit","exit_code":0}}]}]}""",
        false,
        false
    )]
    [InlineData(
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x"}]}],"tools":[{"type":"function","name":"f"}]}""",
        false,
        false
    )]
    public void Responses_whose_input_is_elsewhere_count_as_a_full_window(string body, bool stored, bool media)
    {
        var request = Read(OpenAi, "/v1/responses", body).ShouldNotBeNull();
        (request.StoredInput, request.MediaInput).ShouldBe((stored, media));
    }

    [Theory]
    [InlineData("OpenAI", "/v1/responses", """{"model":"m","tools":[{"type":"web_search"}]}""", "unbounded_cost")]
    [InlineData("OpenAI", "/v1/responses", """{"model":"m","tools":[{"type":"mcp","server_url":"x"}]}""", "unbounded_cost")]
    [InlineData("OpenAI", "/v1/responses", """{"model":"m","max_output_tokens":1,"max_output_tokens":2}""", "duplicate_parameter")]
    [InlineData("OpenAI", "/v1/responses", """{"input":"x"}""", "missing_parameter")]
    [InlineData(
        "Anthropic",
        "/v1/messages",
        """{"model":"m","messages":[{}],"tools":[{"type":"web_search_20250305","name":"w"}]}""",
        "unbounded_cost"
    )]
    [InlineData(
        "Anthropic",
        "/v1/messages",
        """{"model":"m","messages":[{}],"tools":[{"type":"code_execution_20250522","name":"w"}]}""",
        "unbounded_cost"
    )]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","messages":[{}],"mcp_servers":[{}]}""", "unbounded_cost")]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","messages":[{}],"speed":"fast"}""", "unbounded_cost")]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","messages":[{}],"inference_geo":7}""", "invalid_type")]
    [InlineData(
        "Anthropic",
        "/v1/messages",
        """{"model":"m","messages":[{}],"context_management":{"edits":[{"type":"compact_20260112"}]}}""",
        "unbounded_cost"
    )]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","messages":[{}],"context_management":{"edits":[{}]}}""", "unbounded_cost")]
    [InlineData(
        "Anthropic",
        "/v1/messages",
        """{"model":"m","messages":[{}],"context_management":{"edits":[],"budget":1}}""",
        "unbounded_cost"
    )]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","messages":[]}""", "missing_parameter")]
    [InlineData("Anthropic", "/v1/messages", """{"model":"m","Max_Tokens":5,"messages":[{}]}""", "ambiguous_parameter")]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        """{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"googleSearch":{}}]}""",
        "unbounded_cost"
    )]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        """{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"codeExecution":{}}]}""",
        "unbounded_cost"
    )]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        """{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{"maxOutputTokens":9},"generationConfig":{}}""",
        "duplicate_parameter"
    )]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"max_output_tokens":9,"maxOutputTokens":900}}""",
        "duplicate_parameter"
    )]
    public void What_cannot_be_bounded_is_refused(string format, string path, string body, string code)
    {
        var wire = WireFormat.Of(format)!;
        wire.Read(wire.Match("POST", path), Encoding.UTF8.GetBytes(body), WireFacts.Unknown, out var error).ShouldBeNull();
        error!.Code.ShouldBe(code);
    }

    [Fact]
    public void Anthropics_own_search_is_bounded_by_its_uses_and_thinking_is_never_cut()
    {
        var request = Read(
                Anthropic,
                "/v1/messages",
                """
                {"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":8000},
                  "messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}]}],
                "tools":[{"name":"mine","input_schema":{}},{"type":"web_search_20250305","name":"web_search","max_uses":3}]}
                """
            )
            .ShouldNotBeNull();
        (request.WebSearches, request.LeastOutput, request.LongCache, request.ToolPrompts, request.MediaInput).ShouldBe(
            (3, 8001, true, 2, false)
        );
        var prices = PriceCatalog.Load().Find("anthropic", "claude-sonnet-4-5", TimeProvider.System.GetUtcNow())!;
        // Four readings of a full window at the long-context price of an hour's cache write, three searches, and the output, where the
        // workspace may let it run in the US.
        prices
            .UpperBound(request.Bound(500, 9000))!
            .Value.Amount.ShouldBe((1.1m * ((4 * 1_000_000 * 0.000012m) + (9000 * 0.0000225m))) + (3 * 0.01m));
    }

    [Fact]
    public void A_call_is_lowered_to_what_it_may_cost_and_not_below_what_makes_sense()
    {
        var request = Read(OpenAi, "/v1/responses", """{"model":"m","input":"hi"}""").ShouldNotBeNull();
        var prices = PriceCatalog
            .Parse(
                """{"providers":[{"id":"p","models":[{"id":"m","equals":["m"],"contextWindow":1000"""
                    + ""","prices":[{"input":"1","output":"10"}]}]}]}"""
            )
            .Find("p", "m", TimeProvider.System.GetUtcNow())!;
        var input = prices.UpperBound(request.Bound(26, 0))!.Value;
        var cap = new AgentReadiness.Contracts.Money(input.Amount + 0.00305m);
        CallLimits.Fit(request, 26, prices, wanted: 4096, least: 256, new CallCaps(cap, null, null)).ShouldBe(305);
        CallLimits.Fit(request, 26, prices, wanted: 4096, least: 306, new CallCaps(cap, null, null)).ShouldBeNull();
        CallLimits.Fit(request, 26, prices, wanted: 100, least: 306, new CallCaps(cap, null, null)).ShouldBe(100);
        CallLimits.Fit(request, 26, prices, wanted: 4096, least: 256, new CallCaps(null, null, 26 + 64 + 16 + 300)).ShouldBe(300);
        CallLimits.Fit(request, 26, prices, wanted: 4096, least: 256, default).ShouldBe(4096);
        CallLimits
            .Fit(request, 26, prices, wanted: 4096, least: 1, new CallCaps(AgentReadiness.Contracts.Money.Zero, null, null))
            .ShouldBeNull();
    }

    private static MeteredRequest? Read(WireFormat format, string path, string body) =>
        format.Read(format.Match("POST", path), Encoding.UTF8.GetBytes(body), WireFacts.Unknown, out _);

    private static string Spliced(WireFormat format, string path, string body, long limit)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var request = format.Read(format.Match("POST", path), bytes, WireFacts.Unknown, out var error);
        error.ShouldBeNull();
        using var content = new SplicedContent(bytes, request!.Splices(limit), "application/json");
        return Encoding.UTF8.GetString(content.Pieces().SelectMany(p => p.ToArray()).ToArray());
    }
}
