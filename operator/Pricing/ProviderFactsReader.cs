using System.Globalization;
using System.Text.Json;

namespace AgentReadiness.Pricing;

/// <summary>Reads the facts that stand at a provider in the catalog, and says by name what is wrong with them.</summary>
internal static class ProviderFactsReader
{
    /// <summary>The names of the fields that this reads.</summary>
    public static readonly string[] Names =
    [
        "fields",
        "outputLimits",
        "streamUsage",
        "serviceTiers",
        "geographies",
        "hosts",
        "unbilled",
        "billed",
        "statesCost",
        "windows",
    ];

    private static readonly string[] LimitNames = ["max_tokens", "max_completion_tokens"];
    private static readonly string[] Apis = ["chat", "responses", "embeddings", "messages", "gemini"];

    /// <summary>Reads them; <see cref="ProviderFacts.None"/> where there are none.</summary>
    /// <exception cref="FormatException">The message names the field and what to write.</exception>
    public static ProviderFacts Read(string provider, JsonElement element)
    {
        if (!Array.Exists(Names, name => element.TryGetProperty(name, out _)))
            return ProviderFacts.None;
        return new ProviderFacts
        {
            Fields = Map(provider, element, "fields", Fields).ToDictionary(f => Api(provider, f.Key), f => f.Value),
            OutputLimits = Limits(provider, element),
            StreamUsage = Flag(provider, element, "streamUsage"),
            ServiceTiers = Map(provider, element, "serviceTiers", (at, value) => Factor(at, value)!.Value),
            Geographies = Map(provider, element, "geographies", (at, value) => Factor(at, value)!.Value),
            Hosts = element.TryGetProperty("hosts", out var hosts)
                ? [.. List($"{provider}: hosts", hosts).Select((host, i) => Host($"{provider}: hosts[{i}]", host))]
                : [],
            Unbilled = Statuses(provider, element, "unbilled"),
            Billed = Statuses(provider, element, "billed"),
            StatesCost = Flag(provider, element, "statesCost"),
            Windows = Map(provider, element, "windows", Window),
        };
    }

    private static Dictionary<string, T> Map<T>(string provider, JsonElement element, string name, Func<string, JsonElement, T> read)
    {
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        if (!element.TryGetProperty(name, out var members))
            return map;
        if (members.ValueKind != JsonValueKind.Object)
            throw Wrong($"{provider}: {name}", members, "an object");
        foreach (var member in members.EnumerateObject())
            map[member.Name] = read($"{provider}: {name}.{member.Name}", member.Value);
        return map;
    }

    private static UsageApi Api(string provider, string name) =>
        Array.IndexOf(Apis, name) >= 0 && UsageApis.TryParse(name, out var api)
            ? api
            : throw new FormatException($"{provider}: fields.{name}: there is no such format: use {string.Join(", ", Apis)}");

    private static FieldRules Fields(string at, JsonElement element)
    {
        Members(at, element, "allow", "refuse");
        return new FieldRules(
            element.TryGetProperty("allow", out var allow) ? Texts($"{at}.allow", allow) : [],
            element.TryGetProperty("refuse", out var refuse) ? Texts($"{at}.refuse", refuse) : []
        );
    }

    private static string[] Limits(string provider, JsonElement element)
    {
        if (!element.TryGetProperty("outputLimits", out var list))
            return [];
        var names = Texts($"{provider}: outputLimits", list);
        return names.Length > 0 && names.All(LimitNames.Contains)
            ? names
            : throw Wrong($"{provider}: outputLimits", list, $"a list of one or both of {string.Join(", ", LimitNames)}");
    }

    private static bool? Flag(string provider, JsonElement element, string name) =>
        !element.TryGetProperty(name, out var flag) ? null
        : flag.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.GetBoolean()
        : throw Wrong($"{provider}: {name}", flag, "true or false");

    private static HostFacts Host(string at, JsonElement element)
    {
        Members(at, element, "url", "factor", "except");
        if (!element.TryGetProperty("url", out var url) || url.ValueKind != JsonValueKind.String)
            throw new FormatException($"{at}.url: write a regular expression, from the start of the base URL");
        var except = element.TryGetProperty("except", out var names) ? names : default;
        if (except.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.String))
            throw Wrong($"{at}.except", except, "a regular expression, from the start of a model's name");
        if (!element.TryGetProperty("factor", out var factor))
            throw new FormatException($"{at}.factor: it is missing: add it, null where the prices at this host are not known");
        return new HostFacts(
            url.GetString()!,
            Factor($"{at}.factor", factor, mayBeNull: true),
            except.ValueKind == JsonValueKind.String ? except.GetString() : null
        );
    }

    private static decimal? Factor(string at, JsonElement element, bool mayBeNull = false)
    {
        if (mayBeNull && element.ValueKind == JsonValueKind.Null)
            return null;
        return
            element.ValueKind == JsonValueKind.String
            && decimal.TryParse(element.GetString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor)
            && factor is >= 0.01m and <= 10m
            ? factor
            : throw Wrong(at, element, "a factor over the price, a decimal string from \"0.01\" to \"10\", such as \"1.1\"");
    }

    private static string[] Statuses(string provider, JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var listed))
            return [];
        var at = $"{provider}: {name}";
        Members(at, listed, "statuses", "source");
        // Whoever says that something is free says where the provider says so.
        if (!listed.TryGetProperty("source", out var source) || source.ValueKind != JsonValueKind.String)
            throw new FormatException($"{at}.source: it is missing: add the provider's own page that says what is {name}");
        var statuses = listed.TryGetProperty("statuses", out var list) ? Texts($"{at}.statuses", list) : [];
        return statuses.Length > 0 && Array.TrueForAll(statuses, IsStatus)
            ? statuses
            : throw Wrong($"{at}.statuses", listed, "a list of statuses from 400 on, such as \"503\" or \"5xx\"");
    }

    private static bool IsStatus(string text) =>
        text is "4xx" or "5xx" || (text.Length == 3 && text[0] is '4' or '5' && text.All(char.IsAsciiDigit));

    private static long Window(string at, JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var tokens) && tokens > 0
            ? tokens
            : throw Wrong(at, element, "a whole number above 0");

    private static string[] Texts(string at, JsonElement element)
    {
        var texts = List(at, element).Select(t => t.ValueKind == JsonValueKind.String ? t.GetString()! : "").ToArray();
        return Array.TrueForAll(texts, t => t.Length > 0) ? texts : throw Wrong(at, element, "a list of texts");
    }

    private static JsonElement.ArrayEnumerator List(string at, JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : throw Wrong(at, element, "a list");

    private static void Members(string at, JsonElement element, params ReadOnlySpan<string> known)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Wrong(at, element, $"an object with {string.Join(", ", known)}");
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
                throw new FormatException($"{at}.{member.Name}: there is no such field: use {string.Join(", ", known)}");
        }
    }

    private static FormatException Wrong(string at, JsonElement element, string remedy)
    {
        var text = element.GetRawText();
        return new FormatException($"{at}: {(text.Length <= 60 ? text : text[..57] + "...")} is not read: write {remedy}");
    }
}
