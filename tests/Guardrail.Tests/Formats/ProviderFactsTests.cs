using System.Collections.Concurrent;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// What is known about providers bounds what they can be asked for: a closed list of fields, one parameter, priced hosts.
/// </summary>
public sealed class ProviderFactsTests
{
    private static readonly PriceCatalog Catalog = PriceCatalog.Load();
    private static readonly ConcurrentDictionary<string, WireFacts> Known = new(StringComparer.Ordinal);

    private static readonly (string Format, string Path, string Url, string Body)[] Formats =
    [
        (
            "OpenAI",
            "/v1/chat/completions",
            "https://api.openai.com",
            "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"
        ),
        ("OpenAI", "/v1/chat/completions", "https://openrouter.ai/api", "\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]"),
        ("OpenAI", "/v1/chat/completions", "https://gateway.corp.test", "\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]"),
        ("OpenAI", "/openai/deployments/m/chat/completions", "https://r.openai.azure.com", "\"messages\":[{\"content\":\"x\"}]"),
        ("OpenAI", "/v1/responses", "https://api.openai.com", "\"model\":\"m\",\"input\":\"x\""),
        ("OpenAI", "/v1/embeddings", "https://api.openai.com", "\"model\":\"m\",\"input\":\"x\""),
        ("Anthropic", "/v1/messages", "https://api.anthropic.com", "\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]"),
        (
            "Gemini",
            "/v1beta/models/m:generateContent",
            "https://generativelanguage.googleapis.com",
            "\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]"
        ),
    ];

    [Theory]
    [InlineData(1, "models", "[\"openai/o1-pro\"]")]
    [InlineData(1, "plugins", "[{\"id\":\"web\"}]")]
    [InlineData(1, "provider", "{\"order\":[\"x\"]}")]
    [InlineData(1, "route", "\"fallback\"")]
    [InlineData(1, "transforms", "[\"middle-out\"]")]
    [InlineData(1, "web_search_options", "{}")]
    [InlineData(2, "models", "[\"x\"]")]
    [InlineData(2, "plugins", "[]")]
    [InlineData(2, "best_of", "20")]
    [InlineData(2, "search_parameters", "{\"mode\":\"on\"}")]
    [InlineData(2, "extra_body", "{}")]
    [InlineData(3, "data_sources", "[{\"type\":\"azure_search\"}]")]
    [InlineData(0, "data_sources", "[]")]
    [InlineData(0, "Temperature", "1")]
    [InlineData(0, "temp\\u0065rature", "1")]
    [InlineData(4, "reasoning", "{\"mode\":\"pro\"}")]
    [InlineData(4, "tools", "[{\"type\":\"function\",\"name\":\"f\",\"server_url\":\"x\"}]")]
    [InlineData(6, "fallbacks", "[\"x\"]")]
    [InlineData(6, "output_config", "{\"more\":1}")]
    [InlineData(7, "generationConfig", "{\"routingConfig\":{}}")]
    [InlineData(7, "generation_config", "{\"modelSelectionConfig\":{}}")]
    [InlineData(7, "tools", "[{\"anything_new\":{}}]")]
    [InlineData(7, "tools", "[{\"google_search\":{}}]")]
    public void A_field_that_is_not_known_to_cost_nothing_is_refused_by_name(int which, string field, string value)
    {
        var error = Refusal(which, $"\"{field}\":{value}").ShouldNotBeNull();
        error.Code.ShouldBe("unbounded_cost");
        error.Param.ShouldNotBeNull();
    }

    [Fact]
    public void A_refusal_names_the_entry_that_would_allow_the_field()
    {
        Refusal(1, "\"models\":[]")!.Message.ShouldContain("add \"models\" to fields.chat.allow of \"openrouter\" in the price catalog");
        Refusal(2, "\"models\":[]")!.Message.ShouldContain("an entry of the price catalog with the url of this upstream");
        Refusal(7, "\"generationConfig\":{\"x\":1}")!.Message.ShouldContain("\"generationConfig.x\"");
    }

    [Theory]
    [InlineData(0, "\"temperature\":1,\"store\":true,\"metadata\":{\"a\":\"b\"},\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData(0, "\"plugins\":null,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]")]
    [InlineData(1, "\"usage\":{\"include\":true},\"reasoning\":{\"effort\":\"high\",\"exclude\":true}")]
    [InlineData(
        4,
        "\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},\"text\":{\"verbosity\":\"low\"},\"include\":[\"x\"],\"store\":false"
    )]
    [InlineData(6, "\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\",\"keep\":{}}]},\"inference_geo\":\"global\"")]
    [InlineData(6, "\"speed\":\"standard\",\"metadata\":{\"user_id\":\"u\"},\"output_config\":{\"effort\":\"low\"}")]
    [InlineData(7, "\"system_instruction\":{\"parts\":[{\"text\":\"x\"}]},\"generation_config\":{\"top_k\":4,\"max_output_tokens\":9}")]
    [InlineData(7, "\"safety_settings\":[],\"tool_config\":{},\"tools\":[{\"function_declarations\":[]}],\"model\":\"models/m\"")]
    public void What_costs_nothing_more_passes(int which, string fields) => Refusal(which, fields).ShouldBeNull();

    [Fact]
    public void No_field_passes_that_is_not_listed()
    {
        var known = new HashSet<string>(StringComparer.Ordinal)
        {
            // Read, and bounded where they are read.
            "model",
            "messages",
            "input",
            "system",
            "stream",
            "stream_options",
            "n",
            "tools",
            "thinking",
            "container",
            "prompt",
            "contents",
            "background",
            "conversation",
            "modalities",
            "prediction",
            "speed",
        };
        string[] stems =
        [
            "models",
            "plugins",
            "provider",
            "search",
            "web",
            "data_sources",
            "tier",
            "best_of",
            "beam",
            "fallback",
            "route",
            "agent",
            "cache",
            "image",
            "audio_out",
            "Model",
            "grounding",
        ];
        var word = Gen.OneOf(
            Gen.Int[0, stems.Length - 1].Select(i => stems[i]),
            Gen.Char["abcdefgXYZ_0"].Array[1, 20].Select(c => new string(c))
        );
        var value = Gen.Int[0, 4].Select(i => new[] { "1", "true", "\"x\"", "{\"a\":[1]}", "[{}]" }[i]);
        Gen.Select(Gen.Int[0, Formats.Length - 1], word, word, value)
            .Sample(
                (which, first, second, json) =>
                {
                    var name = first + second;
                    if (known.Contains(name))
                        return;
                    Refusal(which, $"\"{name}\":{json}").ShouldNotBeNull(name);
                    Refusal(which, $"\"{name}\":null")?.Code.ShouldNotBe("unbounded_cost");
                },
                iter: 20_000
            );
    }

    [Theory]
    [InlineData("https://api.openai.com", "", "{\"max_completion_tokens\":99,")]
    [InlineData("https://api.mistral.ai", "", "{\"max_tokens\":99,")]
    [InlineData("https://api.mistral.ai", "\"max_completion_tokens\":50,", "{\"max_tokens\":99,\"max_completion_tokens\":50,")]
    [InlineData("https://api.mistral.ai", "\"max_completion_tokens\":500,", "{\"max_tokens\":99,\"max_completion_tokens\":99,")]
    [InlineData("https://gateway.corp.test", "", "{\"max_tokens\":99,")]
    [InlineData("https://gateway.corp.test", "\"max_completion_tokens\":50,", "{\"max_completion_tokens\":50,")]
    public void The_limit_is_put_in_under_the_name_that_the_provider_understands(string url, string limit, string start)
    {
        var request = Read(
            "OpenAI",
            "/v1/chat/completions",
            url,
            $"{{{limit}\"model\":\"m\",\"messages\":[{{\"content\":\"x\"}}]}}",
            out var body,
            out _
        );
        using var content = new SplicedContent(body, request!.Splices(99), "application/json");
        Encoding.UTF8.GetString([.. content.Pieces().SelectMany(p => p.ToArray())]).ShouldStartWith(start + "\"model\"");
        request.WantedLimit.ShouldBe(
            limit.Length == 0 ? null
            : limit.Contains("500", StringComparison.Ordinal) ? 500
            : 50
        );
    }

    [Theory]
    [InlineData("https://api.openai.com", true)]
    [InlineData("https://gateway.corp.test", true)]
    [InlineData("https://api.mistral.ai", false)]
    public void Usage_is_asked_for_where_the_provider_understands_that(string url, bool asked)
    {
        var request = Read(
            "OpenAI",
            "/v1/chat/completions",
            url,
            """{"model":"m","max_tokens":9,"stream":true,"messages":[{"content":"x"}]}""",
            out _,
            out _
        );
        (request!.HideUsage, request.Extra.Count).ShouldBe((asked, asked ? 1 : 0));
    }

    [Theory]
    [InlineData("gpt-5.4-pro", "\"model\":\"gpt-5.4-mini\",", null)]
    [InlineData("gpt-5.4-mini", "\"model\":\"gpt-5.4-pro\",", null)]
    [InlineData("gpt-4o", "\"model\":\"gpt-4\",", null)]
    [InlineData("prod", "\"model\":\"gpt-5.4-mini\",", null)]
    [InlineData("prod-gpt-5.4-pro", "\"model\":\"gpt-5.4\",", null)]
    [InlineData("xgpt-5.4-mini", "\"model\":\"gpt-5.4-mini\",", null)]
    [InlineData("prod-gpt-5.4-mini", "\"model\":\"gpt-5.4-mini\",", "gpt-5.4-mini")]
    [InlineData("GPT-4o", "\"model\":\"gpt-4o\",", "gpt-4o")]
    [InlineData("gpt-4o", "\"model\":\"gpt-4o-2024-08-06\",", "gpt-4o-2024-08-06")]
    [InlineData("gpt-4o", "", "gpt-4o")]
    public void The_deployment_of_the_path_is_the_model_of_the_body(string deployment, string model, string? looked)
    {
        foreach (
            var (path, body) in new[] { ("chat/completions", "\"messages\":[{\"content\":\"x\"}]"), ("embeddings", "\"input\":\"x\"") }
        )
        {
            var target = $"/openai/deployments/{deployment}/{path}";
            var request = Read("OpenAI", target, "https://r.openai.azure.com", "{" + model + body + "}", out _, out _)!;
            var error = DeploymentModel.Disagreement(request, Catalog, "azure", TimeProvider.System.GetUtcNow());
            if (looked is null)
                (error!.Code, error.Param).ShouldBe(("ambiguous_parameter", "model"));
            else
                (error, request.Model).ShouldBe((null, looked));
        }
    }

    [Theory]
    [InlineData("models/cheap", true)]
    [InlineData("cheap", true)]
    [InlineData("dear", false)]
    [InlineData("models/dear", false)]
    public void The_model_of_the_path_is_the_model_of_the_body(string model, bool passes)
    {
        var body = $$"""{"model":"{{model}}","contents":[{"parts":[]}]}""";
        var request = Read("Gemini", "/v1beta/models/cheap:generateContent", "https://x.test", body, out _, out var error);
        (request?.Model, error?.Code).ShouldBe(passes ? ("cheap", null) : (null, "ambiguous_parameter"));
    }

    [Theory]
    [InlineData("https://api.openai.com", "gpt-5.4", "1")]
    [InlineData("https://eu.api.openai.com", "gpt-5.4", "1.1")]
    [InlineData("https://us.api.openai.com/v1", "gpt-6-nano", "1.1")]
    [InlineData("https://eu.api.openai.com", "gpt-5", "1")]
    [InlineData("https://eu.api.openai.com", "gpt-5-mini", "1")]
    [InlineData("https://eu.api.openai.com", "gpt-4o", "1")]
    [InlineData("https://us-api.together.ai", "x", "1.25")]
    [InlineData("https://api.together.xyz", "x", "1")]
    [InlineData("https://europe-west1-aiplatform.googleapis.com", "claude-opus-4-6", "1.1")]
    [InlineData("https://aiplatform.eu.rep.googleapis.com", "claude-opus-4-6", "1.1")]
    [InlineData("https://aiplatform.googleapis.com", "claude-opus-4-6", "1")]
    [InlineData("https://generativelanguage.googleapis.com", "gemini-3-pro-preview", "1")]
    [InlineData("https://r.openai.azure.com", "gpt-5.4", "1.1")]
    [InlineData("https://bedrock-runtime.eu-central-1.amazonaws.com", "x", null)]
    public void A_host_has_its_uplift(string url, string model, string? factor)
    {
        var expected = factor is null ? (decimal?)null : decimal.Parse(factor, System.Globalization.CultureInfo.InvariantCulture);
        KnownProvider.Of(Catalog, new Uri(url)).Host.FactorOf(model).ShouldBe(expected);
    }

    [Theory]
    [InlineData("""{"id":"msg_1"}""", true)]
    [InlineData("""{"type":null,"id":"msg_1"}""", true)]
    [InlineData("""{"id":"msg_1","role":"user","content":null}""", true)]
    [InlineData("""{"type":"message","id":"msg_1"}""", true)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[]}""", true)]
    [InlineData("""{"type":"web_search_call","id":"ws_1"}""", true)]
    [InlineData("""{"type":"image_generation_call","id":"ig_1"}""", true)]
    [InlineData("""{"type":"something_new"}""", true)]
    [InlineData("""{"role":"user","content":"x"}""", false)]
    [InlineData("""{"role":"assistant","content":""}""", false)]
    [InlineData("""{"id":"msg_1","role":"user","content":[{"type":"input_text","text":"x"}]}""", false)]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"abc"}""", false)]
    [InlineData("""{"type":"function_call","id":"fc_1","name":"f","arguments":"{}"}""", false)]
    public void An_item_that_does_not_hold_its_content_is_stored_input(string item, bool stored)
    {
        var request = Read("OpenAI", "/v1/responses", "https://api.openai.com", $$"""{"model":"m","input":[{{item}}]}""", out _, out _);
        request!.StoredInput.ShouldBe(stored);
    }

    [Theory]
    [InlineData("OpenAI", "/v1/chat/completions", "\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]", false)]
    [InlineData("OpenAI", "/v1/chat/completions", "\"model\":\"m\",\"modalities\":[\"text\"],\"messages\":[{\"content\":\"x\"}]", true)]
    [InlineData("OpenAI", "/v1/chat/completions", "\"model\":\"m\",\"modalities\":[],\"messages\":[{\"content\":\"x\"}]", false)]
    [InlineData("Gemini", "/v1beta/models/m:generateContent", "\"contents\":[{\"parts\":[]}]", false)]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        "\"generationConfig\":{\"responseModalities\":[\"TEXT\"]},\"contents\":[{\"parts\":[]}]",
        true
    )]
    [InlineData(
        "Gemini",
        "/v1beta/models/m:generateContent",
        "\"generationConfig\":{\"responseModalities\":[\"TEXT\",\"IMAGE\"]},\"contents\":[{\"parts\":[]}]",
        false
    )]
    public void Only_a_request_that_says_so_has_text_alone(string format, string path, string body, bool text) =>
        Read(format, path, "https://x.test", "{" + body + "}", out _, out _)!.TextOnly.ShouldBe(text);

    private static ApiError? Refusal(int which, string fields)
    {
        var (format, path, url, body) = Formats[which];
        Read(format, path, url, "{" + body + "," + fields + "}", out _, out var error);
        return error;
    }

    private static MeteredRequest? Read(string format, string path, string url, string text, out byte[] body, out ApiError? error)
    {
        var wire = WireFormat.Of(format)!;
        body = Encoding.UTF8.GetBytes(text);
        return wire.Read(wire.Match("POST", path), body, Known.GetOrAdd(url, u => KnownProvider.Of(Catalog, new Uri(u)).Wire), out error);
    }
}
