using System.Text.Json;

namespace AgentReadiness.Pricing.Import;

/// <summary>
/// Makes a catalog from pydantic/genai-prices (<c>prices/new_data/v2/data.json</c>): names, match rules, prices, context windows and dates.
/// Prices that hold only for a time of day are folded into the dearest. A model without an input price is left out, so that it is refused
/// rather than counted as free; one whose bill has parts that no request bounds is priced, and marked as unbounded.
/// </summary>
public static class GenaiPricesImporter
{
    private const string Searching = "the provider searches the web for this model by itself, as often as it likes, and bills each search";

    // Models that search by themselves, whatever the request says; usage does not show it.
    private static readonly string[] HiddenSearch = ["search-preview", "search-api", "deep-research"];

    private static readonly (string Theirs, string Ours)[] MatchRules =
    [
        ("equals", "equals"),
        ("starts_with", "startsWith"),
        ("ends_with", "endsWith"),
        ("contains", "contains"),
        ("regex", "regex"),
    ];

    private static readonly (string Theirs, string Ours)[] Rates =
    [
        ("input_mtok", "input"),
        ("cache_read_mtok", "cachedInput"),
        ("cache_write_mtok", "cacheWrite"),
        ("cache_write_1h_mtok", "cacheWriteLong"),
        ("output_mtok", "output"),
        ("output_reasoning_mtok", "reasoning"),
        ("output_citation_mtok", "citation"),
        ("input_audio_mtok", "inputAudio"),
        ("cache_audio_read_mtok", "cachedAudio"),
        ("output_audio_mtok", "outputAudio"),
        ("input_image_mtok", "inputImage"),
        ("cache_image_read_mtok", "cachedImage"),
        ("output_image_mtok", "outputImage"),
        ("input_video_mtok", "inputVideo"),
        ("cache_video_read_mtok", "cachedVideo"),
        ("output_video_mtok", "outputVideo"),
    ];

    /// <summary>Converts.</summary>
    /// <exception cref="FormatException">The text has another shape, a price lies outside <see cref="PriceBand"/>, or one begins beyond the
    /// model's context window; the message names the model.</exception>
    public static PriceImport Import(string genaiPricesJson)
    {
        using var document = JsonDocument.Parse(genaiPricesJson);
        var skipped = new List<string>();
        var providers = document.RootElement.EnumerateArray().Select(p => ReadProvider(p, skipped)).ToList();
        var facts = PriceCatalog.Facts();
        providers.ForEach(provider => CatalogWriter.StateWindows(facts, provider));
        return new PriceImport(CatalogWriter.Write("pydantic/genai-prices, prices/new_data/v2/data.json, MIT licence", providers), skipped);
    }

    private static string Id(JsonElement element) => element.GetProperty("id").GetString()!;

    private static ImportedProvider ReadProvider(JsonElement element, List<string> skipped)
    {
        var provider = new ImportedProvider
        {
            Id = Id(element),
            Url = element.TryGetProperty("api_pattern", out var pattern) ? pattern.GetString() : null,
            Names = element.TryGetProperty("provider_match", out var names) ? ProviderNames(names) : [],
            Fallback =
                element.TryGetProperty("fallback_model_providers", out var fallback) && fallback.ValueKind == JsonValueKind.Array
                    ? [.. fallback.EnumerateArray().Select(f => f.GetString()!)]
                    : [],
        };
        foreach (var model in element.GetProperty("models").EnumerateArray())
            ReadModel(provider, model, skipped);
        return provider;
    }

    /// <summary>The texts that a provider's name may contain. A rule that needs several at once is left out: the id serves.</summary>
    private static List<string> ProviderNames(JsonElement match)
    {
        if (match.TryGetProperty("or", out var any))
            return [.. any.EnumerateArray().SelectMany(ProviderNames)];
        return match.TryGetProperty("and", out _) ? [] : [.. match.EnumerateObject().Select(p => p.Value.GetString()!)];
    }

    private static void ReadModel(ImportedProvider provider, JsonElement model, List<string> skipped)
    {
        var name = $"{provider.Id}/{Id(model)}";
        var variants = Variants(name, model.GetProperty("prices"));
        // OpenRouter's way to say that a model costs nothing.
        var free = Id(model).EndsWith(":free", StringComparison.Ordinal) && variants.TrueForAll(v => !v.Price.EnumerateObject().Any());
        if (!free && variants.Exists(v => !v.Price.TryGetProperty("input_mtok", out _)))
        {
            skipped.Add($"{name}: no input price");
            return;
        }
        var names = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        CollectNames(name, model.GetProperty("match"), names);
        var searching = names.ToDictionary(n => n.Key, n => n.Value.Where(SearchesByItself).ToList(), StringComparer.Ordinal);
        foreach (var list in names.Values)
            list.RemoveAll(SearchesByItself);
        var cited = variants.Exists(v => v.Price.TryGetProperty("output_citation_mtok", out _));
        void Add(string id, Dictionary<string, List<string>> texts, string? unbounded)
        {
            if (texts.Values.All(t => t.Count == 0))
                return;
            provider.Models.Add(
                new ImportedModel
                {
                    Id = id,
                    Names = texts,
                    Unbounded = unbounded,
                    ContextWindow =
                        model.TryGetProperty("context_window", out var window) && window.TryGetInt64(out var tokens) && tokens > 0
                            ? tokens
                            : null,
                    Prices = free
                        ?
                        [
                            new ImportedPrice
                            {
                                Tiers = [new ImportedTier(0, new(StringComparer.Ordinal) { ["input"] = 0m, ["output"] = 0m })],
                            },
                        ]
                        : [.. variants.GroupBy(v => v.From).Select(g => ReadPrice(g.Key, [.. g.Select(v => v.Price)]))],
                }
            );
        }
        Add(Id(model), names, cited ? Searching : null);
        Add(names.Values.Any(t => t.Count > 0) ? Id(model) + ":search" : Id(model), searching, Searching);
    }

    private static bool SearchesByItself(string name) => HiddenSearch.Any(s => name.Contains(s, StringComparison.Ordinal));

    /// <summary>The entries by date. An entry for a time of day stands beside the one that it overrides, under the same date.</summary>
    private static List<(string? From, JsonElement Price)> Variants(string name, JsonElement prices)
    {
        if (prices.ValueKind == JsonValueKind.Object)
            return [(null, prices)];
        var list = new List<(string?, JsonElement)>();
        foreach (var entry in prices.EnumerateArray())
        {
            string? from = null;
            if (entry.TryGetProperty("constraint", out var constraint) && constraint.ValueKind == JsonValueKind.Object)
            {
                if (constraint.TryGetProperty("start_date", out var date))
                    from = date.GetString();
                else if (!constraint.TryGetProperty("start_time", out _))
                    throw new FormatException($"{name}: a price has a condition that is not understood: {constraint.GetRawText()}");
            }
            list.Add((from, entry.GetProperty("prices")));
        }
        return list;
    }

    private static void CollectNames(string name, JsonElement match, Dictionary<string, List<string>> names)
    {
        foreach (var property in match.EnumerateObject())
        {
            if (property.NameEquals("or"))
            {
                foreach (var part in property.Value.EnumerateArray())
                    CollectNames(name, part, names);
                continue;
            }
            var ours =
                MatchRules.FirstOrDefault(r => property.NameEquals(r.Theirs)).Ours
                ?? throw new FormatException($"{name}: the match rule \"{property.Name}\" is not understood");
            if (!names.TryGetValue(ours, out var texts))
                names[ours] = texts = [];
            texts.Add(property.Value.GetString()!);
        }
    }

    private static ImportedPrice ReadPrice(string? from, List<JsonElement> variants)
    {
        decimal? Count(string key) => variants.Max(v => v.TryGetProperty(key, out var fee) ? fee.GetDecimal() / 1000m : (decimal?)null);
        var starts = variants
            .SelectMany(v => v.EnumerateObject())
            .Where(p => p.Value.ValueKind == JsonValueKind.Object)
            .SelectMany(p => p.Value.GetProperty("tiers").EnumerateArray().Select(t => t.GetProperty("start").GetInt64()))
            .Distinct()
            .Order();
        return new ImportedPrice
        {
            From = from,
            PerRequest = Count("requests_kcount") ?? 0m,
            WebSearch = Count("web_searches_kcount"),
            Tiers = [.. starts.Prepend(0).Select(s => new ImportedTier(s, ReadRates(variants, s)))],
        };
    }

    private static SortedDictionary<string, decimal> ReadRates(List<JsonElement> variants, long over)
    {
        var rates = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var (theirs, ours) in Rates)
        {
            if (variants.Max(v => v.TryGetProperty(theirs, out var price) ? InTier(price, over) : (decimal?)null) is { } rate)
                rates[ours] = rate;
        }
        return rates;
    }

    private static decimal InTier(JsonElement price, long over)
    {
        if (price.ValueKind == JsonValueKind.Number)
            return price.GetDecimal();
        var value = price.GetProperty("base").GetDecimal();
        foreach (var step in price.GetProperty("tiers").EnumerateArray())
        {
            if (step.GetProperty("start").GetInt64() <= over)
                value = step.GetProperty("price").GetDecimal();
        }
        return value;
    }
}
