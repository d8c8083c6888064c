using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>
/// Who may call the agent's port. It listens on the loopback address only, but a browser in the pod reaches that for any page that it
/// shows: by a name that leads here (DNS rebinding), or by a request across sites. Pure.
/// </summary>
internal static class LocalCaller
{
    private static readonly string[] Names = ["127.0.0.1", "localhost", "[::1]"];

    // Fetch Metadata (W3C): what is no request across sites. A client that is no browser sends none.
    private static readonly string[] OwnSites = ["none", "same-origin"];

    /// <summary>Why a request is refused; null where it is not.</summary>
    /// <param name="request">The request.</param>
    /// <param name="origins">Origins whose pages may call, as declared.</param>
    public static ApiError? Refuse(HttpRequest request, IReadOnlyCollection<string> origins)
    {
        if (!IsOwnName(request.Host.Value))
            return new ApiError(
                403,
                "host_not_allowed",
                $"The header Host must name the guardrail as {string.Join(", ", Names)}, with a port or without."
            );
        var origin = request.Headers.Origin;
        if (origin.Count > 1 || (origin.Count == 1 && !origins.Contains(origin[0] ?? "", StringComparer.Ordinal)))
            return new ApiError(
                403,
                "origin_not_allowed",
                "A page in a browser may not call the guardrail, unless spec.guardrails.allowedOrigins names its origin."
            );
        var site = request.Headers["Sec-Fetch-Site"];
        return origin.Count == 1 || site.Count == 0 || (site.Count == 1 && OwnSites.Contains(site[0], StringComparer.Ordinal))
            ? null
            : new ApiError(403, "origin_not_allowed", "A page in a browser may not call the guardrail from another site.");
    }

    private static bool IsOwnName(string? host)
    {
        foreach (var name in Names)
        {
            if (host?.StartsWith(name, StringComparison.OrdinalIgnoreCase) == true && IsPort(host.AsSpan(name.Length)))
                return true;
        }
        return false;
    }

    private static bool IsPort(ReadOnlySpan<char> rest) =>
        rest.IsEmpty || (rest[0] == ':' && rest.Length is > 1 and <= 6 && !rest[1..].ContainsAnyExceptInRange('0', '9'));
}
