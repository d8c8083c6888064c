using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What is sent to an upstream.</summary>
/// <param name="Upstream">Which.</param>
/// <param name="Method">GET, POST, …</param>
/// <param name="Endpoint">What was matched; exactly its path is sent.</param>
/// <param name="Query">With its question mark; empty where there is none.</param>
/// <param name="Provider">The provider's id in the catalog, where known.</param>
internal readonly record struct UpstreamRequest(Upstream Upstream, string Method, UpstreamEndpoint Endpoint, string Query, string? Provider)
{
    /// <summary>The body; null where there is none.</summary>
    public HttpContent? Content { get; init; }

    /// <summary>The agent's request, whose headers go along.</summary>
    public required IHeaderDictionary Headers { get; init; }

    /// <summary>The agent called another upstream: its credentials are for that one.</summary>
    public bool IsFallback { get; init; }
}
