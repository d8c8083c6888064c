using Microsoft.AspNetCore.Http.Features;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>The request target as it was sent.</summary>
internal static class HttpTargets
{
    /// <summary>The target of the request line, undecoded; empty where the server does not tell it.</summary>
    public static string RawTarget(this HttpContext context) => context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
}
