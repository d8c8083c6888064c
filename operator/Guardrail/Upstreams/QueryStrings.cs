namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Queries that go on to a provider.</summary>
internal static class QueryStrings
{
    /// <summary>The query, without the agent's own key where one of ours goes out (Gemini takes it there).</summary>
    /// <param name="query">As it was sent, with its question mark; empty where there is none.</param>
    /// <param name="ours">A key of ours goes out.</param>
    public static string WithoutKey(string query, bool ours)
    {
        if (!ours || query.Length == 0)
            return query;
        var parameters = query[1..].Split('&');
        if (!Array.Exists(parameters, IsKey))
            return query;
        var rest = string.Join('&', parameters.Where(parameter => !IsKey(parameter)));
        return rest.Length == 0 ? "" : "?" + rest;
    }

    /// <summary>The parameters of a query that are listed, as they were sent; empty where there are none.</summary>
    /// <param name="query">As it was sent, with its question mark; empty where there is none.</param>
    /// <param name="names">What may go on.</param>
    public static string Only(string query, IReadOnlyCollection<string> names)
    {
        if (query.Length == 0)
            return query;
        var rest = string.Join('&', query[1..].Split('&').Where(parameter => names.Contains(NameOf(parameter), StringComparer.Ordinal)));
        return rest.Length == 0 ? "" : "?" + rest;
    }

    // A name may be spelled with percent escapes.
    private static bool IsKey(string parameter) =>
        Uri.UnescapeDataString(NameOf(parameter)).Equals("key", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? parameter : parameter[..equals];
    }
}
