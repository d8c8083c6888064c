using System.Collections.Frozen;

namespace AgentReadiness.Guardrail;

/// <summary>Which headers cross the guardrail (RFC 9110, 7.6.1, for what holds for one hop only).</summary>
internal static class UpstreamHeaders
{
    private static readonly FrozenSet<string> Hop = new[]
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> NotToProvider = new[]
    {
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding", "Expect", "Cookie", InboundFront.RunIdHeader,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Copies the agent's headers, with the provider's key instead of the agent's Authorization.</summary>
    public static void Copy(HttpRequest from, HttpRequestMessage to, string? key)
    {
        var named = Named(from.Headers.Connection);
        foreach (var (name, values) in from.Headers)
        {
            if (Hop.Contains(name) || NotToProvider.Contains(name) || named?.Contains(name) == true)
                continue;
            if (key is not null && name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
                continue;
            to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        to.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (key is not null)
            to.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
    }

    /// <summary>Copies the provider's status and headers.</summary>
    /// <param name="from">The provider's answer.</param>
    /// <param name="to">The answer to the agent.</param>
    /// <param name="keepLength">False where bytes may be left out.</param>
    public static void Copy(HttpResponseMessage from, HttpResponse to, bool keepLength)
    {
        to.StatusCode = (int)from.StatusCode;
        var named = from.Headers.Connection.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            if (!Hop.Contains(name) && !named.Contains(name))
                to.Headers.Append(name, values.ToArray());
        }
        foreach (var (name, values) in from.Content.Headers.NonValidated)
        {
            if (keepLength || !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                to.Headers.Append(name, values.ToArray());
        }
    }

    private static HashSet<string>? Named(Microsoft.Extensions.Primitives.StringValues connection) => connection.Count == 0
        ? null
        : connection.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
