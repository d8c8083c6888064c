using AgentReadiness.Samples.Provider;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>Gemini's and Azure's wire formats: read by hand, as no client of theirs is referenced.</summary>
public class GeminiTests : ProviderTests
{
    private const string Costs = "Hello [[thinking=7]][[cached=4]][[audio_in=3]][[tool_prompt=9]]";

    [Fact]
    public async Task Thoughts_and_tools_are_counted_apart()
    {
        await using var source = await StartAsync();
        using var response = await source.GeminiAsync("generateContent", Costs);
        var usage = (await Source.JsonAsync(response))["usageMetadata"]!;

        var billed = await source.BilledAsync();
        Proven(usage, billed);
        billed.ShouldBe(
            billed with
            {
                Endpoint = "generateContent",
                Model = "gemini-2.5-flash",
                CacheRead = 4,
                AudioIn = 3,
                Completed = true,
            }
        );
    }

    [Theory]
    [InlineData("?alt=sse")]
    [InlineData("")]
    public async Task Both_streams_count_up(string query)
    {
        await using var source = await StartAsync();
        using var response = await source.GeminiAsync("streamGenerateContent", Costs, query: query);
        var body = await response.Content.ReadAsStringAsync();
        var chunks =
            query.Length == 0
                ? [.. JsonNode.Parse(body)!.AsArray().Select(chunk => chunk!)]
                : body.Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries).Select(e => JsonNode.Parse(e["data: ".Length..])!).ToList();

        response.Content.Headers.ContentType!.MediaType.ShouldBe(query.Length == 0 ? "application/json" : "text/event-stream");
        string.Concat(chunks.Select(chunk => (string?)chunk["candidates"]![0]!["content"]!["parts"]![0]!["text"]))
            .ShouldStartWith("Hello! How can I help");
        chunks.Take(chunks.Count - 1).ShouldAllBe(chunk => chunk["candidates"]![0]!["finishReason"] == null);
        Proven(chunks[^1]["usageMetadata"]!, await source.BilledAsync());
    }

    [Fact]
    public async Task The_limit_holds_thoughts_too()
    {
        await using var source = await StartAsync();
        using var response = await source.GeminiAsync(
            "generateContent",
            "Hello [[tokens=50]][[thinking=8]]",
            ""","generationConfig":{"maxOutputTokens":20}"""
        );
        var json = await Source.JsonAsync(response);
        ((string?)json["candidates"]![0]!["finishReason"]).ShouldBe("MAX_TOKENS");
        ((long?)json["usageMetadata"]!["candidatesTokenCount"]).ShouldBe(12);
        (await source.BilledAsync()).Output.ShouldBe(20);
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
        usage["promptTokensDetails"]!.AsArray().Single(one => (string?)one!["modality"] == "AUDIO")!["tokenCount"]!
            .GetValue<long>()
            .ShouldBe(3);
    }
}
