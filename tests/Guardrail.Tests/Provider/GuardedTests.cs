using System.Net;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Tests.Provider;

/// <summary>The official OpenAI client through a guardrail.</summary>
public sealed class GuardedOpenAITests : OpenAITests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;
}

/// <summary>The official Anthropic client through a guardrail.</summary>
public sealed class GuardedAnthropicTests : AnthropicTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;
}

/// <summary>Gemini's wire format through a guardrail.</summary>
public sealed class GuardedGeminiTests : GeminiTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;
}

/// <summary>The official MCP client through a guardrail.</summary>
public sealed class GuardedMcpTests : McpTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;
}

/// <summary>The OllamaSharp client through a guardrail, whose upstream is plain HTTP.</summary>
public sealed class GuardedOllamaTests : OllamaTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;

    [Fact]
    public async Task At_an_upstream_with_a_price_it_is_refused_and_raises_what_it_raises()
    {
        await using var source = await StartAsync();
        using var client = Client(source, "/v1/");
        var error = await Should.ThrowAsync<HttpRequestException>(() => ReadAsync(client, Ask("hello")));
        error.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        // The client does not show the body; the log does.
        source.Log.ShouldContain(line =>
            line.Contains("refused") && line.Contains("upstream=openai") && line.Contains("unmetered_endpoint")
        );
        using var response = await source.SendAsync(HttpMethod.Post, "/v1/api/chat", """{"model":"llama3.2","messages":[]}""");
        (await response.Content.ReadAsStringAsync()).ShouldContain("POST /v1/api/chat does not pass: what it costs is not metered.");
        source.Witness.Last("ollama").ShouldBeNull();
    }

    [Fact]
    public async Task Its_calls_are_those_of_a_tool()
    {
        await using var source = await Source.StartAsync(
            guarded: true,
            config =>
            {
                config.AllowedTools = ["ollama"];
                // Shorter than the answer, and longer than what lies between two lines of it.
                config.ToolCall = new CallPolicy { Timeout = "2s" };
                return config;
            }
        );
        using var client = Client(source);
        await ReadAsync(client, Ask("[[tokens=100]][[pace=100ms]]"));
        source.Witness.Last("ollama")!.Headers.Keys.ShouldNotContain("Authorization");
        await source.LoggedAsync("tool=ollama status=200");
        using var other = await source.SendAsync(HttpMethod.Post, "/tools/search_orders", "{}");
        other.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }
}

/// <summary>Every framing of events through a guardrail.</summary>
public sealed class GuardedFramingTests : FramingTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;
}

/// <summary>The official OpenAI client through a guardrail that speaks HTTP/2 to the provider.</summary>
public sealed class GuardedHttp2OpenAITests : OpenAITests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;

    /// <inheritdoc/>
    protected override bool Tls => true;
}

/// <summary>The official Anthropic client through a guardrail that speaks HTTP/2 to the provider.</summary>
public sealed class GuardedHttp2AnthropicTests : AnthropicTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;

    /// <inheritdoc/>
    protected override bool Tls => true;
}

/// <summary>The official MCP client through a guardrail that speaks HTTP/2 to the provider.</summary>
public sealed class GuardedHttp2McpTests : McpTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;

    /// <inheritdoc/>
    protected override bool Tls => true;
}

/// <summary>Every framing of events through a guardrail that speaks HTTP/2 to the provider.</summary>
public sealed class GuardedHttp2FramingTests : FramingTests
{
    /// <inheritdoc/>
    protected override bool Guarded => true;

    /// <inheritdoc/>
    protected override bool Tls => true;
}
