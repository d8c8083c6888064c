namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Queries that go on to a provider.</summary>
internal static class QueryStrings
{
    /// <summary>The query, without the agent's own key where one of ours goes out (Gemini takes it there).</summary>
    public static string WithoutKey(QueryString query, bool ours)
    {
        var text = query.Value ?? "";
        if (!ours || !text.Contains("key=", StringComparison.OrdinalIgnoreCase))
            return text;
        var kept = text.TrimStart('?').Split('&').Where(p => !p.StartsWith("key=", StringComparison.OrdinalIgnoreCase));
        var rest = string.Join('&', kept);
        return rest.Length == 0 ? "" : "?" + rest;
    }
}
