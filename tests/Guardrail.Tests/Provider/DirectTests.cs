using AgentReadiness.Samples;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>What the sample provider does that a guardrail would change: keys of others, and endpoints that are not metered.</summary>
public sealed class DirectTests
{
    [Fact]
    public async Task Errors_and_keys_are_Googles()
    {
        await using var source = await Source.StartAsync(guarded: false);
        using var query = await source.SendAsync(HttpMethod.Get, $"/v1beta/models?key={Source.Key}", null);
        ((string?)(await Source.JsonAsync(query))["models"]![0]!["name"]).ShouldBe("models/gemini-2.5-flash");
        using var bearer = await source.SendAsync(HttpMethod.Get, "/v1beta/models", null, ("Authorization", $"Bearer {Source.Key}"));
        ((string?)(await Source.JsonAsync(bearer))["error"]!["status"]).ShouldBe("PERMISSION_DENIED");
        using var limited = await source.GeminiAsync("generateContent", "[[status=429]][[retry_after=3]]");
        ((string?)(await Source.JsonAsync(limited))["error"]!["status"]).ShouldBe("RESOURCE_EXHAUSTED");
        limited.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(3));
        using var empty = await source.SendAsync(
            HttpMethod.Post,
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "{}",
            ("x-goog-api-key", Source.Key)
        );
        ((int?)(await Source.JsonAsync(empty))["error"]!["code"]).ShouldBe(400);
        source.Witness.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Counts_are_free_and_embeddings_are_not()
    {
        await using var source = await Source.StartAsync(guarded: false);
        using var count = await source.GeminiAsync("countTokens", "Hello there");
        ((long?)(await Source.JsonAsync(count))["totalTokens"]).ShouldBe(4 + SampleUsage.Tokens("Hello there"));
        using var embedding = await source.SendAsync(
            HttpMethod.Post,
            "/v1beta/models/gemini-embedding-001:embedContent",
            """{"content":{"parts":[{"text":"Hello there"}]},"outputDimensionality":3}""",
            ("x-goog-api-key", Source.Key)
        );
        (await Source.JsonAsync(embedding))["embedding"]!["values"]!.AsArray().Count.ShouldBe(3);

        var billed = await source.BilledAsync();
        billed.ShouldBe(billed with { Endpoint = "embedContent", Model = "gemini-embedding-001", Input = 3, Output = 0 });
    }

    [Fact]
    public async Task Azure_names_the_model_behind_a_deployment()
    {
        await using var source = await Source.StartAsync(guarded: false);
        const string body = """{"messages":[{"role":"user","content":"3+4"}],"stream":true,"stream_options":{"include_usage":true}}""";
        const string path = "/openai/deployments/prod-gpt-5.4-eu/chat/completions";
        using var streamed = await source.SendAsync(
            HttpMethod.Post,
            $"{path}?api-version=2025-04-01-preview",
            body,
            ("api-key", Source.Key)
        );
        var events = (await streamed.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        events[0].ShouldContain("\"model\":\"\"");
        events[1].ShouldContain("\"model\":\"gpt-5.4\"");
        (await source.BilledAsync()).Model.ShouldBe("gpt-5.4");

        using var unversioned = await source.SendAsync(HttpMethod.Post, path, body, ("api-key", Source.Key));
        ((int)unversioned.StatusCode).ShouldBe(404);
        using var foreign = await source.SendAsync(HttpMethod.Post, "/v1/chat/completions", body, ("api-key", Source.Key));
        ((int)foreign.StatusCode).ShouldBe(401);
        using var v1 = await source.SendAsync(
            HttpMethod.Post,
            "/openai/v1/responses",
            """{"model":"my-gpt-4o-mini","input":"Hello"}""",
            ("api-key", Source.Key)
        );
        ((string?)(await Source.JsonAsync(v1))["model"]).ShouldBe("gpt-4o-mini");
    }

    [Fact]
    public async Task A_wrong_key_is_refused()
    {
        await using var source = await Source.StartAsync(guarded: false);
        await Should.ThrowAsync<AnthropicUnauthorizedException>(() =>
            source
                .Anthropic.WithOptions(o => o with { ApiKey = "other" })
                .Messages.Create(
                    new MessageCreateParams
                    {
                        Model = "claude-haiku-4-5",
                        MaxTokens = 9,
                        Messages = [new UserMessageParam("Hello")],
                    }
                )
        );
        using var response = await source.SendAsync(HttpMethod.Post, "/v1/messages", "{}", ("x-api-key", Source.Key));
        ((int)response.StatusCode).ShouldBe(400);
        ((string?)(await Source.JsonAsync(response))["error"]!["message"]).ShouldBe("anthropic-version: header is required");
    }
}
