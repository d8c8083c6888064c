using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentReadiness.Pricing.Import;

/// <summary>
/// Makes a catalog from LiteLLM's <c>model_prices_and_context_window.json</c> (USD per single token; one entry a name): chat, completion,
/// responses and embedding models, their tiers by context size, batch, flex and priority. An entry whose price lies outside
/// <see cref="PriceBand"/>, or begins beyond the context window, is left out by name: the map is kept by hand, and has had slips of
/// unit.
/// </summary>
public static partial class LiteLlmImporter
{
    private static readonly string[] Modes = ["chat", "completion", "responses", "embedding"];

    // Their provider names that are another's models under another door.
    private static readonly Dictionary<string, string> Providers = new(StringComparer.Ordinal)
    {
        ["gemini"] = "google",
        ["vertex_ai"] = "google",
        ["vertex_ai-language-models"] = "google",
        ["vertex_ai-anthropic_models"] = "google",
        ["bedrock"] = "aws",
        ["bedrock_converse"] = "aws",
        ["azure_ai"] = "azure",
        ["azure_text"] = "azure",
        ["text-completion-openai"] = "openai",
        ["xai"] = "x-ai",
        ["together_ai"] = "together",
        ["fireworks_ai"] = "fireworks",
        ["moonshot"] = "moonshotai",
        ["voyage"] = "voyageai",
    };

    private static readonly (string Theirs, string Ours)[] Rates =
    [
        ("input_cost_per_token", "input"),
        ("cache_read_input_token_cost", "cachedInput"),
        ("cache_creation_input_token_cost", "cacheWrite"),
        ("cache_creation_input_token_cost_above_1hr", "cacheWriteLong"),
        ("output_cost_per_token", "output"),
        ("output_cost_per_reasoning_token", "reasoning"),
        ("input_cost_per_audio_token", "inputAudio"),
        ("output_cost_per_audio_token", "outputAudio"),
        ("input_cost_per_image_token", "inputImage"),
        ("output_cost_per_image_token", "outputImage"),
    ];

    private static readonly (string Suffix, string Tier)[] Services = [("_batches", "batch"), ("_flex", "flex"), ("_priority", "priority")];

    /// <summary>Converts.</summary>
    /// <exception cref="FormatException">The text has another shape.</exception>
    public static PriceImport Import(string json)
    {
        using var document = JsonDocument.Parse(json);
        var skipped = new List<string>();
        var providers = new SortedDictionary<string, ImportedProvider>(StringComparer.Ordinal);
        foreach (var entry in document.RootElement.EnumerateObject())
        {
            // The first entry documents the others.
            if (entry.Name == "sample_spec" || !entry.Value.TryGetProperty("litellm_provider", out var theirs))
                continue;
            var mode = entry.Value.TryGetProperty("mode", out var m) ? m.GetString() : null;
            if (Array.IndexOf(Modes, mode) < 0)
                continue;
            var id = Providers.GetValueOrDefault(theirs.GetString()!, theirs.GetString()!);
            if (!providers.TryGetValue(id, out var provider))
                providers[id] = provider = new ImportedProvider { Id = id };
            if (Model(entry, theirs.GetString()!, out var reason) is not { } model)
                skipped.Add($"{id}/{entry.Name}: {reason}");
            else if (provider.Models.TrueForAll(o => o.Id != model.Id))
                provider.Models.Add(model);
        }
        var facts = PriceCatalog.Facts();
        foreach (var provider in providers.Values)
        {
            CatalogWriter.StateWindows(facts, provider);
            foreach (var model in provider.Models.Where(m => m.WrongWindow is not null).ToList())
            {
                provider.Models.Remove(model);
                skipped.Add($"{provider.Id}/{model.Id}: {model.WrongWindow}");
            }
        }
        return new PriceImport(
            CatalogWriter.Write("BerriAI/litellm, model_prices_and_context_window.json, MIT licence", providers.Values),
            skipped
        );
    }

    private static ImportedModel? Model(JsonProperty entry, string theirs, out string reason)
    {
        reason = "no input price per token";
        var name = entry.Name.StartsWith(theirs + "/", StringComparison.Ordinal) ? entry.Name[(theirs.Length + 1)..] : entry.Name;
        var tiers = Tiers(entry.Value, "");
        if (!tiers[0].Rates.ContainsKey("input"))
            return null;
        var services = new SortedDictionary<string, List<ImportedTier>>(StringComparer.Ordinal);
        foreach (var (suffix, service) in Services)
        {
            var own = Tiers(entry.Value, suffix);
            if (own[0].Rates.ContainsKey("input") && own[0].Rates.ContainsKey("output"))
                services[service] = own;
        }
        foreach (var (rate, value) in tiers.Concat(services.Values.SelectMany(s => s)).SelectMany(t => t.Rates))
        {
            if (PriceBand.Holds(value))
                continue;
            reason = string.Create(
                CultureInfo.InvariantCulture,
                $"{rate} is {value:0.############} USD per million tokens, outside {PriceBand.Least} to {PriceBand.Most}: a slip of unit?"
            );
            return null;
        }
        return new ImportedModel
        {
            Id = name,
            Names = new(StringComparer.Ordinal) { ["equals"] = [name] },
            ContextWindow = Number(entry.Value, "max_input_tokens"),
            MaxOutputTokens = Number(entry.Value, "max_output_tokens"),
            Prices =
            [
                new ImportedPrice
                {
                    Tiers = tiers,
                    ServiceTiers = services,
                    WebSearch = Search(entry.Value),
                },
            ],
        };
    }

    private static List<ImportedTier> Tiers(JsonElement model, string service)
    {
        var first = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var (theirs, ours) in Rates)
        {
            if (PerMillion(model, theirs + service) is { } rate)
                first[ours] = rate;
        }
        var tiers = new List<ImportedTier> { new(0, first) };
        var sizes = model
            .EnumerateObject()
            .Select(p => Above().Match(p.Name))
            .Where(m => m.Success)
            .Select(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))
            .Distinct()
            .Order();
        foreach (var thousands in sizes)
        {
            var rates = new SortedDictionary<string, decimal>(tiers[^1].Rates, StringComparer.Ordinal);
            var found = false;
            foreach (var (theirs, ours) in Rates)
            {
                if (PerMillion(model, FormattableString.Invariant($"{theirs}_above_{thousands}k_tokens{service}")) is not { } rate)
                    continue;
                rates[ours] = rate;
                found = true;
            }
            if (found)
                tiers.Add(new ImportedTier(thousands * 1000, rates));
        }
        return tiers;
    }

    /// <summary>The dearest of the three sizes of search context, USD a search.</summary>
    private static decimal? Search(JsonElement model) =>
        model.TryGetProperty("search_context_cost_per_query", out var sizes) && sizes.ValueKind == JsonValueKind.Object
            ? sizes.EnumerateObject().Max(s => s.Value.ValueKind == JsonValueKind.Number ? s.Value.GetDecimal() : (decimal?)null)
            : null;

    private static decimal? PerMillion(JsonElement model, string key) =>
        model.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDecimal() * 1_000_000m : null;

    private static long? Number(JsonElement model, string key) =>
        model.TryGetProperty(key, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
        && number > 0
            ? number
            : null;

    [GeneratedRegex("_above_([0-9]{2,4})k_tokens")]
    private static partial Regex Above();
}
