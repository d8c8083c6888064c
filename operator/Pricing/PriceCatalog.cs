using System.Globalization;
using System.Text.Json;
using AgentReadiness.Api;

namespace AgentReadiness.Pricing;

/// <summary>
/// Which model costs what. Immutable. When several rules of a provider claim a name, an exact name wins, then the longest prefix or
/// suffix, then the longest contained text, then a regular expression; among equals the first in the catalog. When no provider is named, the
/// first provider in the catalog that claims the name wins: openai, anthropic, google, azure, then the others by name. A named
/// provider that does not claim the name asks the providers whose models it resells, and nobody else.
/// </summary>
public sealed class PriceCatalog
{
    private const string Resource = "catalog.json";
    private const decimal TokensPerPrice = 1_000_000m;
    private static readonly decimal Scale = (decimal)Math.Pow(10, Money.FractionDigits);

    private readonly List<ProviderPrices> providers;

    private PriceCatalog(List<ProviderPrices> providers) => this.providers = providers;

    /// <summary>The number of rules, of all providers.</summary>
    public int Count => providers.Sum(p => p.Rules.Count);

    /// <summary>Loads the catalog that is shipped in this assembly.</summary>
    public static PriceCatalog Load()
    {
        using var stream = typeof(PriceCatalog).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"the resource {Resource} is missing from the build");
        using var document = JsonDocument.Parse(stream);
        return Read(document.RootElement);
    }

    /// <summary>Reads a catalog in the project's own format, as <see cref="GenaiPricesImporter"/> writes it.</summary>
    /// <exception cref="FormatException">The text is not such a catalog; the message names the rule.</exception>
    public static PriceCatalog Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"not a price catalog: {e.Message}", e);
        }
    }

    /// <summary>The provider that a base URL belongs to, or null for a host that the catalog does not know.</summary>
    public string? ProviderOf(Uri url) => providers.Find(p => p.Url?.IsMatch(url.AbsoluteUri) == true)?.Id;

    /// <summary>The prices of a model at a time, or null where nothing claims the name.</summary>
    /// <param name="provider">The provider's id in the catalog; null: see the type.</param>
    /// <param name="model">The name as the request has it; upper and lower case are the same.</param>
    /// <param name="at">Prices change on dates; those in force at this time are returned.</param>
    public PricedModel? Find(string? provider, string model, DateTimeOffset at)
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
                return resold.At(at);
        }
        return null;
    }

    private static PriceCatalog Read(JsonElement root)
    {
        var providers = new List<ProviderPrices>();
        foreach (var provider in root.GetProperty("providers").EnumerateArray())
        {
            var id = provider.GetProperty("id").GetString()!;
            var rules = new List<PriceRule>();
            foreach (var model in provider.GetProperty("models").EnumerateArray())
                rules.Add(ReadRule(id, model));
            providers.Add(new ProviderPrices(
                id,
                provider.TryGetProperty("url", out var url) ? url.GetString() : null,
                Strings(provider, "fallback"),
                rules));
        }
        return new PriceCatalog(providers);
    }

    private static PriceRule ReadRule(string provider, JsonElement model)
    {
        var ruleId = $"{provider}/{model.GetProperty("id").GetString()}";
        var prices = new List<(DateTimeOffset From, PricedModel Model)>();
        foreach (var price in model.GetProperty("prices").EnumerateArray())
        {
            var from = price.TryGetProperty("from", out var date)
                ? DateTimeOffset.ParseExact(date.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
                : DateTimeOffset.MinValue;
            var tiers = new List<PriceTier> { ReadTier(price, 0) };
            if (price.TryGetProperty("tiers", out var more))
            {
                foreach (var tier in more.EnumerateArray())
                    tiers.Add(ReadTier(tier, tier.GetProperty("over").GetInt64()));
            }
            tiers.Sort((a, b) => a.OverInputTokens.CompareTo(b.OverInputTokens));
            var perRequest = price.TryGetProperty("perRequest", out var fee) ? RoundUp(Decimal(fee)) : 0m;
            prices.Add((from, new PricedModel(ruleId, perRequest, tiers, Tokens(model, "contextWindow"), Tokens(model, "maxOutputTokens"))));
        }
        if (prices.Count == 0)
            throw new FormatException($"{ruleId} has no prices");
        prices.Sort((a, b) => a.From.CompareTo(b.From));
        return new PriceRule(Strings(model, "equals"), Strings(model, "startsWith"), Strings(model, "endsWith"),
            Strings(model, "contains"), Strings(model, "regex"), prices);
    }

    private static PriceTier ReadTier(JsonElement element, long over)
    {
        var input = RoundUp(Decimal(element.GetProperty("input")) / TokensPerPrice);
        decimal Rate(string name, decimal otherwise) =>
            element.TryGetProperty(name, out var value) ? RoundUp(Decimal(value) / TokensPerPrice) : otherwise;
        var write = Rate("cacheWrite", input);
        return new PriceTier(over, input, Rate("cachedInput", input), write, Math.Max(write, Rate("cacheWriteLong", write)),
            RoundUp(Decimal(element.GetProperty("output")) / TokensPerPrice));
    }

    private static decimal RoundUp(decimal amount) => decimal.Ceiling(amount * Scale) / Scale;

    private static decimal Decimal(JsonElement element) =>
        decimal.TryParse(element.GetString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new FormatException($"\"{element.GetRawText()}\" is not a price: write a decimal string");

    private static long? Tokens(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static string[] Strings(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(e => e.GetString()!)] : [];
}
