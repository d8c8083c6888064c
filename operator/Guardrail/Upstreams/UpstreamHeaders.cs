using System.Collections.Frozen;
using System.Net.Http.Headers;
using AgentReadiness.Guardrail.Formats;
using Microsoft.Extensions.Primitives;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Which headers cross the guardrail (RFC 9110, 7.6.1, for what holds for one hop only).</summary>
internal static class UpstreamHeaders
{
    private static readonly FrozenSet<string> Hop = new[]
    {
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> NotToProvider = new[]
    {
        "Host",
        "Content-Length",
        "Content-Type",
        "Content-Encoding",
        "Accept-Encoding",
        "Expect",
        "Cookie",
        AgentHeaders.RunId,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // What carries a key in any of the formats: with a key of ours, none of the agent's goes out.
    private static readonly FrozenSet<string> Credentials = new[] { "Authorization", "x-api-key", "x-goog-api-key", "api-key" }.ToFrozenSet(
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>
    /// Copies the agent's headers; its credentials only where the upstream has no key of ours. A model's provider gets no baggage: it names
    /// customers, and is for the agent's own services (W3C Baggage, "Privacy Considerations").
    /// </summary>
    public static void Copy(IHeaderDictionary from, HttpRequestMessage to, Upstream upstream)
    {
        var named = Named(from.Connection);
        foreach (var (name, values) in from)
        {
            if (
                Hop.Contains(name)
                || NotToProvider.Contains(name)
                || name.StartsWith(AgentHeaders.TagPrefix, StringComparison.OrdinalIgnoreCase)
                || named?.Contains(name) == true
                || (upstream.Key is not null && Credentials.Contains(name))
                || (!upstream.Format.IsTool && name.Equals(AgentHeaders.Baggage, StringComparison.OrdinalIgnoreCase))
            )
                continue;
            if (values.Count == 1)
                to.Headers.TryAddWithoutValidation(name, values[0]);
            else
                to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        to.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
    }

    /// <summary>Adds our key, if there is one, in the provider's way.</summary>
    public static void AddKey(HttpRequestMessage to, Upstream upstream, string? provider)
    {
        if (upstream.Key?.Read() is not { } key)
            return;
        var (name, prefix) = upstream.Format.KeyHeader(provider == "azure");
        to.Headers.TryAddWithoutValidation(name, prefix + key);
    }

    /// <summary>Copies the provider's status and headers.</summary>
    /// <param name="from">The provider's answer.</param>
    /// <param name="to">The answer to the agent.</param>
    /// <param name="keepLength">False where bytes may be left out.</param>
    public static void Copy(HttpResponseMessage from, HttpResponse to, bool keepLength)
    {
        to.StatusCode = (int)from.StatusCode;
        var named = from.Headers.NonValidated.Contains("Connection")
            ? from.Headers.Connection.ToHashSet(StringComparer.OrdinalIgnoreCase)
            : null;
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            if (!Hop.Contains(name) && named?.Contains(name) != true)
                to.Headers[name] = Text(values);
        }
        foreach (var (name, values) in from.Content.Headers.NonValidated)
        {
            if (keepLength || !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                to.Headers[name] = Text(values);
        }
    }

    private static StringValues Text(HeaderStringValues values) => values.Count == 1 ? values.ToString() : values.ToArray();

    private static HashSet<string>? Named(StringValues connection) =>
        connection.Count == 0
            ? null
            : connection.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
