using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AgentReadiness.Pricing.Import;

/// <summary>A catalog made from another project's data, and what had to be left out.</summary>
/// <param name="CatalogJson">The catalog, as <see cref="PriceCatalog.Parse"/> reads it.</param>
/// <param name="Skipped">provider/model: reason, for each model that gets no price and will therefore be refused.</param>
public sealed record PriceImport(string CatalogJson, IReadOnlyList<string> Skipped);

/// <summary>Rates by their names in the catalog, USD per million tokens, from a size of input on.</summary>
internal sealed record ImportedTier(long Over, SortedDictionary<string, decimal> Rates);

/// <summary>The prices of a model from a date on.</summary>
internal sealed class ImportedPrice
{
    public string? From { get; init; }

    public decimal PerRequest { get; init; }

    public decimal? WebSearch { get; init; }

    public required List<ImportedTier> Tiers { get; init; }

    public SortedDictionary<string, List<ImportedTier>> ServiceTiers { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>One rule to write.</summary>
internal sealed class ImportedModel
{
    public required string Id { get; init; }

    public string? Unbounded { get; init; }

    public Dictionary<string, List<string>> Names { get; init; } = new(StringComparer.Ordinal);

    public long? ContextWindow { get; set; }

    public long? MaxOutputTokens { get; init; }

    public required List<ImportedPrice> Prices { get; init; }

    /// <summary>What a price proves wrong about the window; null where nothing does.</summary>
    public string? WrongWindow =>
        PricedModel.WrongWindow(
            ContextWindow,
            Prices.SelectMany(p => p.ServiceTiers.Values.Prepend(p.Tiers)).SelectMany(tiers => tiers).Select(t => t.Over)
        );
}

/// <summary>A provider to write.</summary>
internal sealed class ImportedProvider
{
    public required string Id { get; init; }

    public string? Url { get; init; }

    public List<string> Names { get; init; } = [];

    public List<string> Fallback { get; init; } = [];

    public List<ImportedModel> Models { get; init; } = [];
}

/// <summary>
/// Writes the catalog's own format, the same text for the same facts. A window that this program states takes the place of the imported
/// one.
/// </summary>
internal static class CatalogWriter
{
    // Without a provider's name the first provider that claims a model wins: those who make models come before those who resell them.
    private static readonly string[] First = ["openai", "anthropic", "google", "azure"];
    private static readonly string[] MatchKeys = ["equals", "startsWith", "endsWith", "contains", "regex"];

    /// <summary>Puts the windows that this program states in the place of the imported ones.</summary>
    public static void StateWindows(PriceCatalog facts, ImportedProvider provider)
    {
        var windows = facts.FactsOf(provider.Id).Windows;
        foreach (var model in provider.Models)
            model.ContextWindow = windows.TryGetValue(model.Id, out var window) ? window : model.ContextWindow;
    }

    public static string Write(string source, IEnumerable<ImportedProvider> providers)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("source", source);
            writer.WriteString("unit", CatalogShape.Unit);
            writer.WriteStartArray("providers");
            foreach (var provider in providers.OrderBy(Rank).ThenBy(p => p.Id, StringComparer.Ordinal))
                Write(writer, provider);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        // One rule a line, so that a new import shows as a readable diff.
        return Encoding.UTF8.GetString(buffer.ToArray()).Replace("{\"id\":", "\n{\"id\":", StringComparison.Ordinal) + "\n";
    }

    private static int Rank(ImportedProvider provider)
    {
        var index = Array.IndexOf(First, provider.Id);
        return index < 0 ? First.Length : index;
    }

    private static void Write(Utf8JsonWriter writer, ImportedProvider provider)
    {
        writer.WriteStartObject();
        writer.WriteString("id", provider.Id);
        if (provider.Url is not null)
            writer.WriteString("url", provider.Url);
        Strings(writer, "names", provider.Names);
        Strings(writer, "fallback", provider.Fallback);
        writer.WriteStartArray("models");
        foreach (var model in provider.Models)
        {
            if (model.WrongWindow is { } wrong)
                throw new FormatException($"{provider.Id}/{model.Id}: {wrong}, in the windows of the provider's facts");
            Write(writer, $"{provider.Id}/{model.Id}", model);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string rule, ImportedModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("id", model.Id);
        foreach (var key in MatchKeys)
            Strings(writer, key, model.Names.GetValueOrDefault(key) ?? []);
        if (model.ContextWindow is { } window)
            writer.WriteNumber("contextWindow", window);
        if (model.MaxOutputTokens is { } most)
            writer.WriteNumber("maxOutputTokens", most);
        if (model.Unbounded is not null)
            writer.WriteString("unbounded", model.Unbounded);
        writer.WriteStartArray("prices");
        foreach (var price in model.Prices)
        {
            writer.WriteStartObject();
            if (price.From is not null)
                writer.WriteString("from", price.From);
            if (price.PerRequest > 0)
                writer.WriteString("perRequest", Text(price.PerRequest));
            if (price.WebSearch is { } search)
                writer.WriteString("webSearch", Text(search));
            Tiers(writer, rule, price.Tiers);
            if (price.ServiceTiers.Count > 0)
            {
                writer.WriteStartObject("serviceTiers");
                foreach (var (name, tiers) in price.ServiceTiers)
                {
                    writer.WriteStartObject(name);
                    Tiers(writer, rule, tiers);
                    writer.WriteEndObject();
                }
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Tiers(Utf8JsonWriter writer, string rule, List<ImportedTier> tiers)
    {
        Rates(writer, rule, tiers[0]);
        if (tiers.Count == 1)
            return;
        writer.WriteStartArray("tiers");
        foreach (var tier in tiers.Skip(1))
        {
            writer.WriteStartObject();
            writer.WriteNumber("over", tier.Over);
            Rates(writer, rule, tier);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void Rates(Utf8JsonWriter writer, string rule, ImportedTier tier)
    {
        foreach (var (name, value) in tier.Rates)
        {
            PriceBand.Check(rule, name, value);
            writer.WriteString(name, Text(value));
        }
    }

    private static void Strings(Utf8JsonWriter writer, string name, List<string> values)
    {
        if (values.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static string Text(decimal value) => value.ToString("0.###############", CultureInfo.InvariantCulture);
}
