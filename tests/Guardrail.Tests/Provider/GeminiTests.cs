using System.Text.Json.Nodes;
using AgentReadiness.Samples;
using Shouldly;
using Xunit;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>Gemini's and Azure's wire formats: read by hand, as no client of theirs is referenced.</summary>
public sealed class GeminiTests
{
    private const string Costs = "Hello [[thinking=7]][[cached=4]][[audio_in=3]][[tool_prompt=9]]";

    [Fact]
    public async Task Thoughts_and_tools_are_counted_apart()
    {
        await using var source = await Source.StartAsync();
        using var response = await source.GeminiAsync("generateContent", Costs);
        var usage = (await Source.JsonAsync(response))["usageMetadata"]!;

        var billed = await source.BilledAsync();
        Proven(usage, billed);
        billed.ShouldBe(billed with { Endpoint = "generateContent", Model = "gemini-2.5-flash", CacheRead = 4, AudioIn = 3, Completed = true });
    }

    [Theory]
    [InlineData("?alt=sse")]
    [InlineData("")]
    public async Task Both_streams_count_up(string query)
    {
        await using var source = await Source.StartAsync();
        using var response = await source.GeminiAsync("streamGenerateContent", Costs, query: query);
        var body = await response.Content.ReadAsStringAsync();
        var chunks = query.Length == 0
            ? [.. JsonNode.Parse(body)!.AsArray().Select(chunk => chunk!)]
            : body.Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries).Select(e => JsonNode.Parse(e["data: ".Length..])!).ToList();

        response.Content.Headers.ContentType!.MediaType.ShouldBe(query.Length == 0 ? "application/json" : "text/event-stream");
        string.Concat(chunks.Select(chunk => (string?)chunk["candidates"]![0]!["content"]!["parts"]![0]!["text"])).ShouldStartWith("Hello! How can I help");
        chunks.Take(chunks.Count - 1).ShouldAllBe(chunk => chunk["candidates"]![0]!["finishReason"] == null);
        Proven(chunks[^1]["usageMetadata"]!, await source.BilledAsync());
    }

    [Fact]
    public async Task The_limit_holds_thoughts_too()
    {
        await using var source = await Source.StartAsync();
        using var response = await source.GeminiAsync("generateContent", "Hello [[tokens=50]][[thinking=8]]", ""","generationConfig":{"maxOutputTokens":20}""");
        var json = await Source.JsonAsync(response);
        ((string?)json["candidates"]![0]!["finishReason"]).ShouldBe("MAX_TOKENS");
        ((long?)json["usageMetadata"]!["candidatesTokenCount"]).ShouldBe(12);
        (await source.BilledAsync()).Output.ShouldBe(20);
    }

    [Fact]
    public async Task Errors_and_keys_are_Googles()
    {
        await using var source = await Source.StartAsync();
        using var query = await source.SendAsync(HttpMethod.Get, $"/v1beta/models?key={Source.Key}", null);
        ((string?)(await Source.JsonAsync(query))["models"]![0]!["name"]).ShouldBe("models/gemini-2.5-flash");
        using var bearer = await source.SendAsync(HttpMethod.Get, "/v1beta/models", null, ("Authorization", $"Bearer {Source.Key}"));
        ((string?)(await Source.JsonAsync(bearer))["error"]!["status"]).ShouldBe("PERMISSION_DENIED");
        using var limited = await source.GeminiAsync("generateContent", "[[status=429]][[retry_after=3]]");
        ((string?)(await Source.JsonAsync(limited))["error"]!["status"]).ShouldBe("RESOURCE_EXHAUSTED");
        limited.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(3));
        using var empty = await source.SendAsync(HttpMethod.Post, "/v1beta/models/gemini-2.5-flash:generateContent", "{}", ("x-goog-api-key", Source.Key));
        ((int?)(await Source.JsonAsync(empty))["error"]!["code"]).ShouldBe(400);
        source.Witness.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Counts_are_free_and_embeddings_are_not()
    {
        await using var source = await Source.StartAsync();
        using var count = await source.GeminiAsync("countTokens", "Hello there");
        ((long?)(await Source.JsonAsync(count))["totalTokens"]).ShouldBe(4 + SampleUsage.Tokens("Hello there"));
        using var embedding = await source.SendAsync(HttpMethod.Post, "/v1beta/models/gemini-embedding-001:embedContent",
            """{"content":{"parts":[{"text":"Hello there"}]},"outputDimensionality":3}""", ("x-goog-api-key", Source.Key));
        (await Source.JsonAsync(embedding))["embedding"]!["values"]!.AsArray().Count.ShouldBe(3);

        var billed = await source.BilledAsync();
        billed.ShouldBe(billed with { Endpoint = "embedContent", Model = "gemini-embedding-001", Input = 3, Output = 0 });
    }

    [Fact]
    public async Task Azure_names_the_model_behind_a_deployment()
    {
        await using var source = await Source.StartAsync();
        const string body = """{"messages":[{"role":"user","content":"3+4"}],"stream":true,"stream_options":{"include_usage":true}}""";
        const string path = "/openai/deployments/prod-gpt-5.4-eu/chat/completions";
        using var streamed = await source.SendAsync(HttpMethod.Post, $"{path}?api-version=2025-04-01-preview", body, ("api-key", Source.Key));
        var events = (await streamed.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        events[0].ShouldContain("\"model\":\"\"");
        events[1].ShouldContain("\"model\":\"gpt-5.4\"");
        (await source.BilledAsync()).Model.ShouldBe("gpt-5.4");

        using var unversioned = await source.SendAsync(HttpMethod.Post, path, body, ("api-key", Source.Key));
        ((int)unversioned.StatusCode).ShouldBe(404);
        using var foreign = await source.SendAsync(HttpMethod.Post, "/v1/chat/completions", body, ("api-key", Source.Key));
        ((int)foreign.StatusCode).ShouldBe(401);
        using var v1 = await source.SendAsync(HttpMethod.Post, "/openai/v1/responses", """{"model":"my-gpt-4o-mini","input":"Hello"}""", ("api-key", Source.Key));
        ((string?)(await Source.JsonAsync(v1))["model"]).ShouldBe("gpt-4o-mini");
    }

    private static void Proven(JsonNode usage, BilledCall billed)
    {
        long Of(string name) => (long?)usage[name] ?? 0;
        Of("thoughtsTokenCount").ShouldBe(7);
        Of("cachedContentTokenCount").ShouldBe(4);
        Of("toolUsePromptTokenCount").ShouldBe(9);
        (Of("promptTokenCount") + 9).ShouldBe(billed.Input);
        (Of("candidatesTokenCount") + 7).ShouldBe(billed.Output);
        Of("totalTokenCount").ShouldBe(billed.Input + billed.Output);
        usage["promptTokensDetails"]!.AsArray().Single(one => (string?)one!["modality"] == "AUDIO")!["tokenCount"]!.GetValue<long>().ShouldBe(3);
    }
}
