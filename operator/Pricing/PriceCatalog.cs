using System.Text.Json;
using AgentReadiness.Pricing.Import;

namespace AgentReadiness.Pricing;

/// <summary>
/// Which model costs what. Immutable. When several rules of a provider claim a name, an exact name wins, then the longest prefix or
/// suffix, then the longest contained text, then a regular expression; among equals the first in the catalog. When no provider is named,
/// the first provider in the catalog that claims the name wins: openai, anthropic, google, azure, then the others by name. A named
/// provider that does not claim the name asks the providers whose models it resells, and nobody else.
/// </summary>
public sealed class PriceCatalog
{
    private const string Resource = "catalog.json";
    private const string FactsResource = "facts.json";

    private readonly List<ProviderPrices> providers;

    internal PriceCatalog(List<ProviderPrices> providers) => this.providers = providers;

    /// <summary>The number of rules, of all providers.</summary>
    public int Count => providers.Sum(p => p.Rules.Count);

    /// <summary>Loads the catalog that is shipped in this assembly: imported prices, and what is known of providers beside them.</summary>
    public static PriceCatalog Load()
    {
        using var prices = Open(Resource);
        using var document = JsonDocument.Parse(prices);
        return CatalogReader.Read(document.RootElement).Merge(Facts());
    }

    /// <summary>What this assembly knows of providers beside their prices: a catalog without models.</summary>
    internal static PriceCatalog Facts()
    {
        using var facts = Open(FactsResource);
        using var document = JsonDocument.Parse(facts);
        return CatalogReader.Read(document.RootElement);
    }

    private static Stream Open(string resource) =>
        typeof(PriceCatalog).Assembly.GetManifestResourceStream(resource)
        ?? throw new InvalidOperationException($"the resource {resource} is missing from the build");

    /// <summary>
    /// Reads a catalog in the project's own format, as <see cref="GenaiPricesImporter"/> writes it. What it does not know it refuses.
    /// </summary>
    /// <exception cref="FormatException">The text is not such a catalog; the message names the field and what to write.</exception>
    public static PriceCatalog Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            CatalogShape.Check(document.RootElement);
            return CatalogReader.Read(document.RootElement);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or OverflowException)
        {
            throw new FormatException($"not a price catalog: {e.Message}", e);
        }
    }

    /// <summary>
    /// This catalog with another one laid over it: a rule of the same provider and id is replaced, everything else is added, and among
    /// equals the other one's rules come first. What is known of a provider is merged field by field.
    /// </summary>
    /// <exception cref="FormatException">A price of the one proves that a context window of the other is wrong.</exception>
    public PriceCatalog Merge(PriceCatalog over)
    {
        var merged = new List<ProviderPrices>();
        foreach (var provider in providers)
        {
            var other = over.providers.Find(p => p.Id == provider.Id);
            merged.Add(other is null ? provider : provider.Merge(other));
        }
        merged.AddRange(over.providers.Where(o => !providers.Exists(p => p.Id == o.Id)));
        return new PriceCatalog(merged);
    }

    /// <summary>The provider that a base URL belongs to, or null for a host that the catalog does not know.</summary>
    public string? ProviderOf(Uri url) => providers.Find(p => p.Url?.IsMatch(url.AbsoluteUri) == true)?.Id;

    /// <summary>What is known of a provider; nothing of one that the catalog does not know.</summary>
    public ProviderFacts FactsOf(string? provider) => providers.Find(p => p.Id == provider)?.Facts ?? ProviderFacts.None;

    /// <summary>The provider of a name as people write it ("anthropic", "bedrock", "vertex_ai"), or null. The id itself wins.</summary>
    public string? ProviderNamed(string name)
    {
        var folded = name.Trim();
        return (providers.Find(p => p.Id.Equals(folded, StringComparison.OrdinalIgnoreCase)) ?? providers.Find(p => p.Claims(folded)))?.Id;
    }

    /// <summary>The prices of a model at a time, or null where nothing claims the name.</summary>
    /// <param name="provider">The provider's id in the catalog; null: see the type.</param>
    /// <param name="model">The name as the request has it; upper and lower case are the same.</param>
    /// <param name="at">Prices change on dates; those in force at this time are returned.</param>
    public PricedModel? Find(string? provider, string model, DateTimeOffset at) => FindPrice(provider, model, at)?.Named(model);

    private PricedModel? FindPrice(string? provider, string model, DateTimeOffset at)
    {
        if (string.IsNullOrEmpty(model) || model.Length > 256)
            return null;
        if (provider is null)
        {
            foreach (var candidate in providers)
            {
                if (candidate.Find(model) is { } rule)
                    return rule.At(at);
            }
            return null;
        }
        var named = providers.Find(p => p.Id == provider);
        if (named is null)
            return null;
        if (named.Find(model) is { } own)
            return own.At(at);
        foreach (var fallback in named.Fallback)
        {
            if (providers.Find(p => p.Id == fallback)?.Find(model) is { } resold)
            {
                // What a place costs is the maker's to say, where the reseller says nothing else.
                var price = resold.At(at);
                var places = named.Facts.Geographies.Count > 0 ? named.Facts.Geographies : price.Facts.Geographies;
                return price with { Facts = named.Facts with { Geographies = places } };
            }
        }
        return null;
    }
}
