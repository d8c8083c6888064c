using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>A catalog made from another project's data, and what had to be left out.</summary>
/// <param name="CatalogJson">The catalog, as <see cref="PriceCatalog.Parse"/> reads it.</param>
/// <param name="Skipped">provider/model: reason, for each model that gets no price and will therefore be refused.</param>
public sealed record PriceImport(string CatalogJson, IReadOnlyList<string> Skipped);

/// <summary>
/// Makes a catalog from pydantic/genai-prices (<c>prices/new_data/v2/data.json</c>): names, match rules, prices, context windows and dates.
/// Prices that hold only for a time of day are folded into the dearest; a model without both an input and an output price, or with a cost
/// that usage does not show, is left out, so that it is refused rather than counted as free.
/// </summary>
public static class GenaiPricesImporter
{
    /// <summary>The dearest price that is believed, USD per million tokens: a slip of unit (per token, per thousand) lands above it.</summary>
    public const decimal MostPerMillionTokens = 1000m;

    private static readonly string[] First = ["openai", "anthropic", "google", "azure"];

    // Models that search the web by themselves bill each search, whatever the request says.
    private static readonly string[] HiddenSearch = ["search-preview", "search-api", "deep-research"];

    private static readonly (string Theirs, string Ours)[] MatchRules =
        [("equals", "equals"), ("starts_with", "startsWith"), ("ends_with", "endsWith"), ("contains", "contains"), ("regex", "regex")];

    /// <summary>Converts.</summary>
    /// <exception cref="FormatException">The text has another shape, or a price lies outside 0 to <see cref="MostPerMillionTokens"/>; the message names the model.</exception>
    public static PriceImport Import(string genaiPricesJson)
    {
        using var document = JsonDocument.Parse(genaiPricesJson);
        var skipped = new List<string>();
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("source", "pydantic/genai-prices, prices/new_data/v2/data.json, MIT licence");
            writer.WriteString("unit", "USD per million tokens");
            writer.WriteStartArray("providers");
            var providers = document.RootElement.EnumerateArray().ToList();
            foreach (var provider in providers.OrderBy(Rank).ThenBy(Id, StringComparer.Ordinal))
                WriteProvider(writer, provider, skipped);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        // One rule a line, so that a new import shows as a readable diff.
        var text = Encoding.UTF8.GetString(buffer.ToArray())
            .Replace("{\"id\":", "\n{\"id\":", StringComparison.Ordinal) + "\n";
        return new PriceImport(text, skipped);
    }

    private static string Id(JsonElement element) => element.GetProperty("id").GetString()!;

    private static int Rank(JsonElement provider)
    {
        var index = Array.IndexOf(First, Id(provider));
        return index < 0 ? First.Length : index;
    }

    private static void WriteProvider(Utf8JsonWriter writer, JsonElement provider, List<string> skipped)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id(provider));
        if (provider.TryGetProperty("api_pattern", out var pattern))
            writer.WriteString("url", pattern.GetString());
        if (provider.TryGetProperty("fallback_model_providers", out var fallback) && fallback.ValueKind == JsonValueKind.Array)
        {
            writer.WritePropertyName("fallback");
            fallback.WriteTo(writer);
        }
        writer.WriteStartArray("models");
        foreach (var model in provider.GetProperty("models").EnumerateArray())
        {
            var name = $"{Id(provider)}/{Id(model)}";
            var prices = Prices(name, model.GetProperty("prices"));
            if (Unpriced(prices) is { } reason)
                skipped.Add($"{name}: {reason}");
            else
                WriteModel(writer, name, model, prices);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string? Unpriced(List<(string? From, JsonElement Price)> prices)
    {
        foreach (var (_, price) in prices)
        {
            if (!price.TryGetProperty("input_mtok", out _) || !price.TryGetProperty("output_mtok", out _))
                return "no input or no output price";
            if (price.TryGetProperty("output_citation_mtok", out _))
                return "citations and searches cost extra, which usage does not show";
        }
        return null;
    }

    /// <summary>The entries by date. An entry for a time of day stands beside the one that it overrides, under the same date.</summary>
    private static List<(string? From, JsonElement Price)> Prices(string name, JsonElement prices)
    {
        var list = new List<(string?, JsonElement)>();
        if (prices.ValueKind == JsonValueKind.Object)
        {
            list.Add((null, prices));
            return list;
        }
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

    private static void WriteModel(Utf8JsonWriter writer, string name, JsonElement model, List<(string? From, JsonElement Price)> prices)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id(model));
        var names = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        CollectNames(name, model.GetProperty("match"), names);
        foreach (var (theirs, ours) in MatchRules)
        {
            if (!names.TryGetValue(theirs, out var texts) || texts.Count == 0)
                continue;
            writer.WriteStartArray(ours);
            foreach (var text in texts)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
        }
        if (model.TryGetProperty("context_window", out var window) && window.TryGetInt64(out var tokens) && tokens > 0)
            writer.WriteNumber("contextWindow", tokens);
        writer.WriteStartArray("prices");
        foreach (var group in prices.GroupBy(p => p.From))
            WritePrice(writer, name, group.Key, [.. group.Select(p => p.Price)]);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void CollectNames(string name, JsonElement match, Dictionary<string, List<string>> names)
    {
        foreach (var property in match.EnumerateObject())
        {
            if (property.NameEquals("or"))
            {
                foreach (var part in property.Value.EnumerateArray())
                    CollectNames(name, part, names);
            }
            else if (MatchRules.Any(r => property.NameEquals(r.Theirs)))
            {
                if (!names.TryGetValue(property.Name, out var texts))
                    names[property.Name] = texts = [];
                var text = property.Value.GetString()!;
                if (!HiddenSearch.Any(s => text.Contains(s, StringComparison.Ordinal)))
                    texts.Add(text);
            }
            else
            {
                throw new FormatException($"{name}: the match rule \"{property.Name}\" is not understood");
            }
        }
    }

    private static void WritePrice(Utf8JsonWriter writer, string name, string? from, List<JsonElement> variants)
    {
        writer.WriteStartObject();
        if (from is not null)
            writer.WriteString("from", from);
        var requests = variants.Max(v => v.TryGetProperty("requests_kcount", out var fee) ? fee.GetDecimal() : 0m);
        if (requests > 0)
            writer.WriteString("perRequest", Text(requests / 1000m));
        WriteRates(writer, name, variants, 0);
        var starts = variants.SelectMany(v => v.EnumerateObject())
            .Where(p => p.Value.ValueKind == JsonValueKind.Object)
            .SelectMany(p => p.Value.GetProperty("tiers").EnumerateArray().Select(t => t.GetProperty("start").GetInt64()))
            .Distinct().Order().ToList();
        if (starts.Count > 0)
        {
            writer.WriteStartArray("tiers");
            foreach (var start in starts)
            {
                writer.WriteStartObject();
                writer.WriteNumber("over", start);
                WriteRates(writer, name, variants, start);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteRates(Utf8JsonWriter writer, string name, List<JsonElement> variants, long tier)
    {
        decimal? Rate(string key) => variants.Max(v => v.TryGetProperty(key, out var price) ? InTier(price, tier) : null);
        void Write(string ours, decimal? price)
        {
            if (price is not { } value)
                return;
            if (value is < 0 or > MostPerMillionTokens)
                throw new FormatException($"{name}: {Text(value)} USD per million tokens is outside 0 to {MostPerMillionTokens}: a slip of unit?");
            writer.WriteString(ours, Text(value));
        }
        Write("input", Rate("input_mtok"));
        Write("cachedInput", Rate("cache_read_mtok"));
        Write("cacheWrite", Rate("cache_write_mtok"));
        Write("cacheWriteLong", Rate("cache_write_1h_mtok"));
        Write("output", new[] { Rate("output_mtok"), Rate("output_reasoning_mtok") }.Max());
    }

    private static decimal InTier(JsonElement price, long tier)
    {
        if (price.ValueKind == JsonValueKind.Number)
            return price.GetDecimal();
        var value = price.GetProperty("base").GetDecimal();
        foreach (var step in price.GetProperty("tiers").EnumerateArray())
        {
            if (step.GetProperty("start").GetInt64() <= tier)
                value = step.GetProperty("price").GetDecimal();
        }
        return value;
    }

    private static string Text(decimal value) => value.ToString("0.############", CultureInfo.InvariantCulture);
}
