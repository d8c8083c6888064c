using System.Globalization;
using System.Text.Json;
using AgentReadiness.Contracts;

namespace AgentReadiness.Pricing;

/// <summary>
/// Reads the catalog's own format: what <c>docs/pricing.md</c> describes. Prices are decimal strings, USD per million tokens.
/// </summary>
internal static class CatalogReader
{
    private const decimal TokensPerPrice = 1_000_000m;
    private static readonly decimal Scale = (decimal)Math.Pow(10, Money.FractionDigits);

    public static PriceCatalog Read(JsonElement root)
    {
        var providers = new List<ProviderPrices>();
        foreach (var provider in root.GetProperty("providers").EnumerateArray())
        {
            var id = provider.GetProperty("id").GetString()!;
            var rules = new List<PriceRule>();
            foreach (var model in provider.GetProperty("models").EnumerateArray())
                rules.Add(ReadRule(id, model));
            providers.Add(
                new ProviderPrices(
                    id,
                    provider.TryGetProperty("url", out var url) ? url.GetString() : null,
                    Strings(provider, "names"),
                    Strings(provider, "fallback"),
                    rules,
                    ProviderFactsReader.Read(id, provider)
                )
            );
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
            prices.Add(
                (
                    from,
                    new PricedModel(ruleId, ReadTiers(ruleId, price))
                    {
                        PerRequest = price.TryGetProperty("perRequest", out var fee) ? Price(ruleId, "perRequest", fee, 1m) : 0m,
                        WebSearch = price.TryGetProperty("webSearch", out var search) ? Price(ruleId, "webSearch", search, 1m) : null,
                        ContextWindow = Tokens(model, "contextWindow"),
                        MaxOutputTokens = Tokens(model, "maxOutputTokens"),
                        Unbounded = model.TryGetProperty("unbounded", out var why) ? why.GetString() : null,
                        ServiceTiers = price.TryGetProperty("serviceTiers", out var services)
                            ? services
                                .EnumerateObject()
                                .ToDictionary(
                                    s => s.Name,
                                    s => (IReadOnlyList<PriceTier>)ReadTiers(ruleId, s.Value),
                                    StringComparer.Ordinal
                                )
                            : [],
                    }
                )
            );
        }
        if (prices.Count == 0)
            throw new FormatException($"{ruleId} has no prices");
        prices.Sort((a, b) => a.From.CompareTo(b.From));
        return new PriceRule(
            ruleId,
            Strings(model, "equals"),
            Strings(model, "startsWith"),
            Strings(model, "endsWith"),
            Strings(model, "contains"),
            Strings(model, "regex"),
            prices
        );
    }

    private static List<PriceTier> ReadTiers(string rule, JsonElement price)
    {
        var tiers = new List<PriceTier> { new(0, ReadRates(rule, price)) };
        if (price.TryGetProperty("tiers", out var more))
        {
            foreach (var tier in more.EnumerateArray())
                tiers.Add(new PriceTier(tier.GetProperty("over").GetInt64(), ReadRates(rule, tier)));
        }
        tiers.Sort((a, b) => a.OverInputTokens.CompareTo(b.OverInputTokens));
        return tiers;
    }

    private static Rates ReadRates(string rule, JsonElement element)
    {
        decimal? Find(string name) => element.TryGetProperty(name, out var value) ? Price(rule, name, value, TokensPerPrice) : null;
        var input = Find("input") ?? throw new FormatException($"{rule} has no input price");
        var output = Find("output");
        var cached = Find("cachedInput") ?? input;
        var write = Find("cacheWrite") ?? input;
        var audio = Find("inputAudio");
        var image = Find("inputImage");
        var video = Find("inputVideo");
        return new Rates
        {
            Input = input,
            CachedInput = cached,
            CacheWrite = write,
            CacheWriteLong = Find("cacheWriteLong") ?? write,
            Output = output,
            Reasoning = Find("reasoning") ?? output ?? 0m,
            InputAudio = audio ?? input,
            // A modality that costs more than text gets no discount that is not listed.
            CachedAudio = Find("cachedAudio") ?? audio ?? cached,
            OutputAudio = Find("outputAudio") ?? output ?? 0m,
            HasOutputAudio = Find("outputAudio") is not null,
            InputImage = image ?? input,
            CachedImage = Find("cachedImage") ?? image ?? cached,
            OutputImage = Find("outputImage") ?? output ?? 0m,
            InputVideo = video ?? input,
            CachedVideo = Find("cachedVideo") ?? video ?? cached,
            OutputVideo = Find("outputVideo") ?? output ?? 0m,
            Citation = Find("citation") ?? output ?? 0m,
        };
    }

    private static decimal Price(string rule, string name, JsonElement element, decimal per)
    {
        if (
            element.ValueKind != JsonValueKind.String
            || !decimal.TryParse(element.GetString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
        )
        {
            throw new FormatException($"{rule}: {name}: {element.GetRawText()} is not a price: write a decimal string such as \"0.75\"");
        }
        if (per == TokensPerPrice)
            PriceBand.Check(rule, name, value);
        return decimal.Ceiling(value / per * Scale) / Scale;
    }

    private static long? Tokens(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static string[] Strings(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(e => e.GetString()!)] : [];
}
