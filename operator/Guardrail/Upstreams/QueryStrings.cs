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

    // A name may be spelled with percent escapes.
    private static bool IsKey(string parameter)
    {
        var equals = parameter.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? parameter : parameter[..equals];
        return Uri.UnescapeDataString(name).Equals("key", StringComparison.OrdinalIgnoreCase);
    }
}
