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
