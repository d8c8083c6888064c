namespace AgentReadiness.Contracts.Guardrail;

/// <summary>A provider that the agent may call.</summary>
public sealed class UpstreamConfig
{
    /// <summary>The first path segment under which the agent reaches it; a DNS label.</summary>
    public required string Name { get; init; }

    /// <summary>The wire format: <c>OpenAI</c>, <c>Anthropic</c>, <c>Gemini</c>, <c>MCP</c> or <c>HTTP</c>.</summary>
    public required string Format { get; init; }

    /// <summary>The base URL, with its version path where the provider has one ("https://host/v1").</summary>
    public required string Url { get; init; }

    /// <summary>The file that holds the provider's key; read again when it changes. Null: no credential is added.</summary>
    public string? KeyFile { get; init; }

    /// <summary>PEM certificates that the provider's certificate must chain to; null: those of the image.</summary>
    public string? CaFile { get; init; }

    /// <summary>An HTTP proxy to reach it through, as a URL; null: none.</summary>
    public string? Proxy { get; init; }

    /// <summary>Where calls go that it does not answer; null: nowhere else.</summary>
    public FallbackPolicy? Fallback { get; init; }
}
