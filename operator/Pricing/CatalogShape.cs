using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>
/// Checks a catalog that people wrote before it is read: what is misspelled, doubled or of another kind is refused, for a field that is
/// passed over is a price that does not hold. The messages name the field and what to write.
/// </summary>
internal static class CatalogShape
{
    /// <summary>The only unit there is; a catalog may say it.</summary>
    public const string Unit = "USD per million tokens";

    private enum Kind
    {
        Text,
        Texts,
        Count,
        Date,
        Price,
        Items,
        Map,
        Facts,
    }

    private static readonly (string Name, Kind Kind)[] RateFields =
    [
        .. new[]
        {
            "input",
            "cachedInput",
            "cacheWrite",
            "cacheWriteLong",
            "output",
            "reasoning",
            "inputAudio",
            "cachedAudio",
            "outputAudio",
            "inputImage",
            "cachedImage",
            "outputImage",
            "inputVideo",
            "cachedVideo",
            "outputVideo",
            "citation",
        }.Select(name => (name, Kind.Price)),
    ];

    private static readonly string[] Claims = ["equals", "startsWith", "endsWith", "contains", "regex"];
    private static readonly Dictionary<string, Kind> Root = Fields(("source", Kind.Text), ("unit", Kind.Text), ("providers", Kind.Items));
    private static readonly Dictionary<string, Kind> Provider = Fields([
        ("id", Kind.Text),
        ("url", Kind.Text),
        ("names", Kind.Texts),
        ("fallback", Kind.Texts),
        ("models", Kind.Items),
        .. ProviderFactsReader.Names.Select(name => (name, Kind.Facts)),
    ]);
    private static readonly Dictionary<string, Kind> Model = Fields([
        ("id", Kind.Text),
        .. Claims.Select(name => (name, Kind.Texts)),
        ("contextWindow", Kind.Count),
        ("maxOutputTokens", Kind.Count),
        ("unbounded", Kind.Text),
        ("prices", Kind.Items),
    ]);
    private static readonly Dictionary<string, Kind> Tier = Fields([("over", Kind.Count), .. RateFields]);
    private static readonly Dictionary<string, Kind> Service = Fields([("tiers", Kind.Items), .. RateFields]);
    private static readonly Dictionary<string, Kind> Price = Fields([
        ("from", Kind.Date),
        ("perRequest", Kind.Price),
        ("webSearch", Kind.Price),
        ("tiers", Kind.Items),
        ("serviceTiers", Kind.Map),
        .. RateFields,
    ]);

    /// <summary>Checks it.</summary>
    /// <exception cref="FormatException">It is no catalog; the message names the field and the remedy.</exception>
    public static void Check(JsonElement root)
    {
        Check(root, "", Root, "providers");
        if (root.TryGetProperty("unit", out var unit) && unit.GetString() != Unit)
            throw new FormatException($"unit: \"{unit.GetString()}\" is not read: write the prices in \"{Unit}\"");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (provider, at) in Items(root, "providers", ""))
        {
            Check(provider, at, Provider, "id", "models");
            var id = Once(ids, provider, at);
            var rules = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (model, place) in Items(provider, "models", id))
            {
                Check(model, place, Model, "id", "prices");
                CheckModel(model, $"{id}/{Once(rules, model, place)}");
            }
        }
    }

    private static void CheckModel(JsonElement model, string rule)
    {
        // Laid over another catalog it would take the place of the rule that knows the names.
        if (!Array.Exists(Claims, name => model.TryGetProperty(name, out var list) && list.GetArrayLength() > 0))
            throw new FormatException($"{rule}: it claims no model: add one of {string.Join(", ", Claims)}");
        foreach (var (price, at) in Items(model, "prices", rule))
        {
            Check(price, at, Price);
            CheckTiers(price, at);
            if (!price.TryGetProperty("serviceTiers", out var services))
                continue;
            foreach (var service in services.EnumerateObject())
            {
                var place = $"{at}.serviceTiers.{service.Name}";
                Check(service.Value, place, Service);
                CheckTiers(service.Value, place);
            }
        }
    }

    private static void CheckTiers(JsonElement price, string at)
    {
        foreach (var (tier, place) in Items(price, "tiers", at))
            Check(tier, place, Tier, "over");
    }

    private static void Check(JsonElement element, string at, Dictionary<string, Kind> known, params ReadOnlySpan<string> required)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{(at.Length == 0 ? "the catalog" : at)}: write an object with {string.Join(", ", known.Keys)}");
        foreach (var field in element.EnumerateObject())
        {
            var place = Join(at, field.Name);
            if (!known.TryGetValue(field.Name, out var kind))
                throw new FormatException($"{place}: there is no such field: use {string.Join(", ", known.Keys)}");
            if (Wrong(field.Value, kind) is { } remedy)
                throw new FormatException($"{place}: {Shown(field.Value)} is not read: write {remedy}");
        }
        foreach (var name in required)
        {
            if (!element.TryGetProperty(name, out _))
                throw new FormatException($"{Join(at, name)}: it is missing: add it");
        }
    }

    private static string? Wrong(JsonElement value, Kind kind) =>
        kind switch
        {
            Kind.Text => IsText(value) ? null : "a text",
            Kind.Texts => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(IsText) ? null : "a list of texts",
            // A window of nothing would bound a call at nothing.
            Kind.Count => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count > 0
                ? null
                : "a whole number above 0",
            Kind.Date => IsText(value)
            && DateTimeOffset.TryParseExact(
                value.GetString(),
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out _
            )
                ? null
                : "a date such as \"2027-01-31\"",
            Kind.Items => value.ValueKind == JsonValueKind.Array ? null : "a list",
            Kind.Map => value.ValueKind == JsonValueKind.Object ? null : "an object from the name of each service tier to its prices",
            // The reader says what is wrong with a price, and that of facts with them.
            _ => null,
        };

    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String && value.GetString()!.Length > 0;

    private static string Once(HashSet<string> ids, JsonElement element, string at)
    {
        var id = element.GetProperty("id").GetString()!;
        return ids.Add(id) ? id : throw new FormatException($"{at}.id: \"{id}\" is there twice: make one of the two");
    }

    private static IEnumerable<(JsonElement Item, string At)> Items(JsonElement parent, string name, string at) =>
        parent.TryGetProperty(name, out var list)
            ? list.EnumerateArray().Select((item, index) => (item, $"{Join(at, name)}[{index}]"))
            : [];

    // A rule has a slash for its last step, a place in it a dot: "openai/gpt-5: prices[0].input".
    private static string Join(string at, string name) =>
        at.Length == 0 ? name
        : at.Contains(' ', StringComparison.Ordinal) || at.Contains('[', StringComparison.Ordinal) ? $"{at}.{name}"
        : $"{at}: {name}";

    private static string Shown(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 60 ? text : text[..57] + "...";
    }

    private static Dictionary<string, Kind> Fields(params (string Name, Kind Kind)[] fields) =>
        fields.ToDictionary(field => field.Name, field => field.Kind, StringComparer.Ordinal);
}
