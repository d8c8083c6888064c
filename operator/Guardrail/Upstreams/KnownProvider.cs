using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What a catalog knows about the provider at an upstream.</summary>
/// <param name="Id">Its id; null where the URL does not tell it.</param>
/// <param name="Facts">What is known beside its prices.</param>
/// <param name="Wire">The same, as readers of bodies need it.</param>
/// <param name="Host">What is known of the host.</param>
internal sealed record KnownProvider(string? Id, ProviderFacts Facts, WireFacts Wire, HostFacts Host)
{
    /// <summary>Finds the provider of a base URL.</summary>
    public static KnownProvider Of(PriceCatalog catalog, Uri url)
    {
        var id = catalog.ProviderOf(url);
        if (id is null)
            return new KnownProvider(null, ProviderFacts.None, WireFacts.Unknown, HostFacts.Plain);
        var facts = catalog.FactsOf(id);
        return new KnownProvider(id, facts, new WireFacts(id, facts), facts.HostOf(url));
    }
}
