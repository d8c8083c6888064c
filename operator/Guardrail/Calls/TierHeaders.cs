using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Reads the headers by which a request chooses a service tier beside its body, before they pass.
/// </summary>
internal static class TierHeaders
{
    /// <summary>Reads them into the request, as if the tier stood in its body.</summary>
    /// <returns>Why they cannot be understood; null where they can.</returns>
    public static ApiError? Read(IHeaderDictionary headers, MeteredRequest request)
    {
        foreach (var name in ProviderHeaders.Tiers)
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
