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
