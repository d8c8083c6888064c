namespace AgentReadiness.Pricing;

/// <summary>
/// What is known about a provider beside its prices: what its requests may hold, how their output is bounded, what tiers and places of
/// service cost, and what it does not bill. Data of the catalog; a platform's catalog overrides it field by field.
/// </summary>
public sealed record ProviderFacts
{
    /// <summary>Nothing is known.</summary>
    public static ProviderFacts None { get; } = new();

    /// <summary>What requests may hold, by format.</summary>
    public IReadOnlyDictionary<UsageApi, FieldRules> Fields { get; init; } = new Dictionary<UsageApi, FieldRules>();

    /// <summary>
    /// The parameters of Chat Completions that bound the output, the one that is put in first; empty where that is not known.
    /// </summary>
    public IReadOnlyList<string> OutputLimits { get; init; } = [];

    /// <summary>Whether <c>stream_options.include_usage</c> is understood; null where that is not known.</summary>
    public bool? StreamUsage { get; init; }

    /// <summary>What service tiers cost times the standard one, where models have no price of their own for them.</summary>
    public IReadOnlyDictionary<string, decimal> ServiceTiers { get; init; } = new Dictionary<string, decimal>();

    /// <summary>What the places where a model may run cost times the price (Anthropic's <c>inference_geo</c>).</summary>
    public IReadOnlyDictionary<string, decimal> Geographies { get; init; } = new Dictionary<string, decimal>();

    /// <summary>Hosts whose prices differ, the first that fits counts.</summary>
    public IReadOnlyList<HostFacts> Hosts { get; init; } = [];

    /// <summary>Statuses that are not billed: "503", or "5xx" for all of a kind.</summary>
    public IReadOnlyList<string> Unbilled { get; init; } = [];

    /// <summary>Statuses that may be billed although others bill them never: "400", or "4xx" for all of a kind.</summary>
    public IReadOnlyList<string> Billed { get; init; } = [];

    /// <summary>Its usage says in <c>cost</c> what a call cost, USD; null where that is not known.</summary>
    public bool? StatesCost { get; init; }

    /// <summary>Context windows by the id of a model, in the place of those that stand at the models.</summary>
    public IReadOnlyDictionary<string, long> Windows { get; init; } = new Dictionary<string, long>();

    /// <summary>The provider bills nothing for an answer of this status that has nothing else in it than the failure.</summary>
    public bool IsUnbilled(int status) => Lists(Unbilled, status);

    /// <summary>The provider may bill for an answer of this status, whatever others do.</summary>
    public bool MayBill(int status) => Lists(Billed, status);

    /// <summary>What is known of the host of a base URL.</summary>
    public HostFacts HostOf(Uri baseUrl) => Hosts.FirstOrDefault(host => host.Matches(baseUrl)) ?? HostFacts.Plain;

    /// <summary>These with others over them.</summary>
    public ProviderFacts Merge(ProviderFacts over)
    {
        if (ReferenceEquals(over, None))
            return this;
        var fields = new Dictionary<UsageApi, FieldRules>(Fields);
        foreach (var (api, rules) in over.Fields)
            fields[api] = fields.GetValueOrDefault(api, FieldRules.None).Merge(rules);
        return new ProviderFacts
        {
            Fields = fields,
            OutputLimits = over.OutputLimits.Count > 0 ? over.OutputLimits : OutputLimits,
            StreamUsage = over.StreamUsage ?? StreamUsage,
            ServiceTiers = Merge(ServiceTiers, over.ServiceTiers),
            Geographies = Merge(Geographies, over.Geographies),
            Hosts = [.. over.Hosts, .. Hosts],
            Unbilled = over.Unbilled.Count > 0 ? over.Unbilled : Unbilled,
            Billed = over.Billed.Count > 0 ? over.Billed : Billed,
            StatesCost = over.StatesCost ?? StatesCost,
            Windows = Merge(Windows, over.Windows),
        };
    }

    private static bool Lists(IReadOnlyList<string> statuses, int status)
    {
        foreach (var text in statuses)
        {
            if (text.EndsWith("xx", StringComparison.Ordinal) ? status / 100 == text[0] - '0' : text == StatusText(status))
                return true;
        }
        return false;
    }

    private static string StatusText(int status) => status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static Dictionary<string, T> Merge<T>(IReadOnlyDictionary<string, T> under, IReadOnlyDictionary<string, T> over)
    {
        var merged = new Dictionary<string, T>(under, StringComparer.Ordinal);
        foreach (var (key, value) in over)
            merged[key] = value;
        return merged;
    }
}
