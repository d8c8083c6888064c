using System.Collections.Frozen;
using System.Net.Http.Headers;
using AgentReadiness.Contracts.Chaos;
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

    // What is decided here, or is the connection's to the agent.
    private static readonly FrozenSet<string> NotSent = new[]
    {
        "Host",
        "Content-Length",
        "Content-Type",
        "Content-Encoding",
        "Accept-Encoding",
        "Expect",
        "Cookie",
        // The method is matched, and is to be the one that counts.
        "X-HTTP-Method",
        "X-HTTP-Method-Override",
        "X-Method-Override",
        AgentHeaders.RunId,
        ChaosHeaders.Case,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // What carries a key in any of the formats: with a key of ours, none of the agent's goes out.
    private static readonly FrozenSet<string> Credentials = new[] { "Authorization", "x-api-key", "x-goog-api-key", "api-key" }.ToFrozenSet(
        StringComparer.OrdinalIgnoreCase
    );

    // What names the upstream, and would lead a client around the guardrail.
    private static readonly FrozenSet<string> Places = new[]
    {
        "Location",
        "Content-Location",
        "Operation-Location",
        "Azure-AsyncOperation",
        "Refresh",
        "Link",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // A tool's places are its answer's content, but other ways to its host are not. Who answered is not for an upstream to say.
    private static readonly FrozenSet<string> OtherWays = new[]
    {
        "Alt-Svc",
        AgentHeaders.Fallback,
        AgentHeaders.Fallbacks,
        ChaosHeaders.Met,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Copies the agent's headers: to a tool all that are not for one hop, to a provider of models those of <see cref="ProviderHeaders"/>.
    /// The agent's credentials go along only where the upstream has no key of ours, and is the one that they are for.
    /// </summary>
    /// <remarks>
    /// A provider gets no baggage: it names customers, and is for the agent's own services (W3C Baggage, "Privacy Considerations").
    /// </remarks>
    public static void Copy(IHeaderDictionary from, HttpRequestMessage to, Upstream upstream, bool isFallback = false)
    {
        var named = Named(from.Connection);
        var (hasKey, isTool) = (isFallback || upstream.Key is not null, upstream.Format.IsTool);
        foreach (var (name, values) in from)
        {
            if (
                Hop.Contains(name)
                || NotSent.Contains(name)
                || name.StartsWith(AgentHeaders.TagPrefix, StringComparison.OrdinalIgnoreCase)
                || named?.Contains(name) == true
            )
                continue;
            if (Credentials.Contains(name) ? hasKey : !isTool && !ProviderHeaders.May(name))
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

    /// <summary>Copies the upstream's status and headers. A header whose value no answer may hold is left out.</summary>
    /// <param name="from">The upstream's answer.</param>
    /// <param name="to">The answer to the agent.</param>
    /// <param name="upstream">The upstream. The places of a tool the agent may see; its key never, where it answers with that.</param>
    /// <param name="left">
    /// Headers of the body that are left out: its length where bytes may be left out, its coding where it is undone.
    /// </param>
    public static void Copy(HttpResponseMessage from, HttpResponse to, Upstream upstream, params ReadOnlySpan<string> left)
    {
        to.StatusCode = (int)from.StatusCode;
        var (hidden, key) = (upstream.Format.IsTool ? OtherWays : Places, upstream.Key?.Read());
        var named = from.Headers.NonValidated.Contains("Connection")
            ? from.Headers.Connection.ToHashSet(StringComparer.OrdinalIgnoreCase)
            : null;
        foreach (var (name, values) in from.Headers.NonValidated)
        {
            if (!Hop.Contains(name) && !hidden.Contains(name) && !OtherWays.Contains(name) && named?.Contains(name) != true)
                Add(to, name, values, key);
        }
        foreach (var (name, values) in from.Content.Headers.NonValidated)
        {
            if (!hidden.Contains(name) && !Has(left, name))
                Add(to, name, values, key);
        }
    }

    private static bool Has(ReadOnlySpan<string> names, string name)
    {
        foreach (var one in names)
        {
            if (one.Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private static void Add(HttpResponse to, string name, HeaderStringValues values, string? key)
    {
        if (values.Count == 1)
        {
            if (Passable(values.ToString(), key) is { } one)
                to.Headers[name] = one;
            return;
        }
        var several = values.Select(value => Passable(value, key)).OfType<string>().ToArray();
        if (several.Length > 0)
            to.Headers[name] = several;
    }

    private static string? Passable(string value, string? key) =>
        key is not null && value.Contains(key, StringComparison.Ordinal) ? null : HeaderText.Passable(value);

    private static HashSet<string>? Named(StringValues connection) =>
        connection.Count == 0
            ? null
            : connection.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
}
