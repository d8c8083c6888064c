using System.Collections.Frozen;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// The headers of the agent that a provider of models gets. The list is closed: a header may choose the account that pays, the method, a
/// dearer way of serving or another model, and what such a header is called differs with each provider.
/// </summary>
internal static class ProviderHeaders
{
    /// <summary>
    /// Headers by which a request chooses a service tier beside its body. They are read, and what they choose must have a price. Sources:
    /// Vertex AI (priority and flex pay-as-you-go), Amazon Bedrock (service tiers, latency-optimized inference).
    /// </summary>
    public static readonly IReadOnlyList<string> Tiers =
    [
        "X-Vertex-AI-LLM-Shared-Request-Type",
        "X-Amzn-Bedrock-Service-Tier",
        "X-Amzn-Bedrock-PerformanceConfig-Latency",
    ];

    /// <summary>The names.</summary>
    public static readonly FrozenSet<string> Names = new[]
    {
        "Accept",
        "Accept-Language",
        "Cache-Control",
        "Date",
        "From",
        "Pragma",
        "Priority",
        "Referer",
        "User-Agent",
        // Fetch metadata of SDKs that run on the platform's own fetch.
        "Sec-Fetch-Mode",
        // Traces: W3C Trace Context, B3, Jaeger, Sentry.
        "traceparent",
        "tracestate",
        "b3",
        "uber-trace-id",
        "sentry-trace",
        // IDs of requests.
        "Idempotency-Key",
        "Request-Id",
        "X-Client-Request-Id",
        "X-Correlation-Id",
        "X-Request-Id",
        "X-Session-Id",
        "X-Trace-Id",
        // Versions of interfaces, and names of clients.
        "anthropic-beta",
        "anthropic-dangerous-direct-browser-access",
        "anthropic-version",
        "OpenAI-Beta",
        "x-goog-api-client",
        "x-ms-client-request-id",
        "x-ms-useragent",
        // The name of an application at OpenRouter.
        "HTTP-Referer",
        "X-OpenRouter-Title",
        "X-Title",
    }.Concat(Tiers).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>How other names may begin: what SDKs tell about themselves, and parts of a trace.</summary>
    public static readonly IReadOnlyList<string> Families = ["X-Stainless-", "X-B3-", "X-Datadog-"];

    /// <summary>Whether a header of this name may pass.</summary>
    public static bool May(string name)
    {
        if (Names.Contains(name))
            return true;
        foreach (var family in Families)
        {
            if (name.StartsWith(family, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }
}
