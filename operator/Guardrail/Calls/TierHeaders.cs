using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Headers by which a request chooses a service tier beside its body. Sources: Vertex AI (priority and flex pay-as-you-go), Amazon Bedrock
/// (service tiers, latency-optimized inference).
/// </summary>
internal static class TierHeaders
{
    private static readonly string[] Names =
    [
        "X-Vertex-AI-LLM-Shared-Request-Type",
        "X-Amzn-Bedrock-Service-Tier",
        "X-Amzn-Bedrock-PerformanceConfig-Latency",
    ];

    /// <summary>Reads them into the request, as if the tier stood in its body.</summary>
    /// <returns>Why they cannot be understood; null where they can.</returns>
    public static ApiError? Read(IHeaderDictionary headers, MeteredRequest request)
    {
        foreach (var name in Names)
        {
            if (!headers.TryGetValue(name, out var values) || values.ToString() is not { Length: > 0 } tier)
                continue;
            if (request.ServiceTier is { } asked && asked != tier)
                return BodyReader.Bad(
                    "ambiguous_parameter",
                    name,
                    $"{name} asks for \"{tier}\", and the request for \"{asked}\" elsewhere."
                );
            request.ServiceTier = tier;
        }
        return null;
    }
}
