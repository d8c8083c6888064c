using AgentReadiness.Contracts.Chaos;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;

namespace AgentReadiness.Guardrail.Inbound;

/// <summary>
/// What a request from outside may say to the guardrail by way of the agent, which passes headers on: no run that it belongs to, and only
/// those tags that <c>spec.budget.clientAttribution</c> lists. Pure but for the headers that it changes.
/// </summary>
internal static class InboundHeaders
{
    /// <summary>Takes out what a client may not say.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="tags">What spend is told apart by.</param>
    /// <param name="fromClients">Those of them that a client may name.</param>
    public static void Clean(IHeaderDictionary headers, TagNames tags, TagNames fromClients)
    {
        headers.Remove(AgentHeaders.RunId);
        // Whoever reads it knows that it is being tested, and by whom.
        headers.Remove(ChaosHeaders.Case);
        foreach (var name in Tagged(headers))
        {
            if (!fromClients.Headers.Contains(name, StringComparer.OrdinalIgnoreCase))
                headers.Remove(name);
        }
        if (!headers.TryGetValue(AgentHeaders.Baggage, out var baggage))
            return;
        var kept = Baggage.Without(
            baggage,
            key => key.Equals(Baggage.RunKey, StringComparison.OrdinalIgnoreCase) || (Has(tags, key) && !Has(fromClients, key))
        );
        if (kept is null)
            headers.Remove(AgentHeaders.Baggage);
        else
            headers[AgentHeaders.Baggage] = kept;
    }

    private static List<string> Tagged(IHeaderDictionary headers)
    {
        List<string> found = [];
        foreach (var (name, _) in headers)
        {
            if (name.StartsWith(AgentHeaders.TagPrefix, StringComparison.OrdinalIgnoreCase))
                found.Add(name);
        }
        return found;
    }

    private static bool Has(TagNames names, string key) => names.Names.Contains(key, StringComparer.OrdinalIgnoreCase);
}
