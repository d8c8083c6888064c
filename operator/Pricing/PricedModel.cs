using AgentReadiness.Contracts;

namespace AgentReadiness.Pricing;

/// <summary>Rates that hold from a size of input on.</summary>
/// <param name="OverInputTokens">The rates hold where a call's whole input exceeds this many tokens; 0 for the base rates.</param>
/// <param name="Rates">The rates, for every token of such a call.</param>
public sealed record PriceTier(long OverInputTokens, Rates Rates);

/// <summary>What one call cost, USD, never rounded.</summary>
/// <param name="Input">For its input tokens.</param>
/// <param name="Output">For its output tokens.</param>
/// <param name="Extras">For the request itself and the provider's own tools.</param>
public readonly record struct CallCost(Money Input, Money Output, Money Extras)
{
    /// <summary>The sum.</summary>
    public Money Total => Input + Output + Extras;
}

/// <summary>The prices of one model at one time.</summary>
/// <param name="RuleId">provider/model as the catalog names the rule: bounded in number, so fit for a metric label.</param>
/// <param name="Tiers">The standard service's rates, ascending by <see cref="PriceTier.OverInputTokens"/>, the first at 0.</param>
public sealed record PricedModel(string RuleId, IReadOnlyList<PriceTier> Tiers)
{
    // The largest that is known: 6,240 tokens of a tall image of gpt-image in high quality; Gemini's have up to 2,520.
    private const long LargestImage = 8192;

    private static readonly HashSet<string> Standard = new(StringComparer.Ordinal)
    {
        "",
        "auto",
        "default",
        "standard",
        "standard_only",
        "on_demand",
    };

    /// <summary>USD for each request, beside its tokens.</summary>
    public decimal PerRequest { get; init; }

    /// <summary>USD for each search that the provider runs; null where that has no price.</summary>
    public decimal? WebSearch { get; init; }

    /// <summary>The most tokens that a call's input can have; null where unknown.</summary>
    public long? ContextWindow { get; init; }

    /// <summary>The most tokens that one answer can have; null where unknown.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>Why a call's cost cannot be bounded before it is made, or null where it can.</summary>
    public string? Unbounded { get; init; }

    /// <summary>
    /// The rates of other service tiers ("batch", "flex", "priority") that have prices of their own, each as <see cref="Tiers"/>.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<PriceTier>> ServiceTiers { get; init; } =
        new Dictionary<string, IReadOnlyList<PriceTier>>();

    /// <summary>What is known of the provider that the call goes to.</summary>
    public ProviderFacts Facts { get; init; } = ProviderFacts.None;

    // Models that speak, by their names: gpt-audio, gpt-4o-audio-preview, gpt-realtime, gemini-2.5-flash-preview-tts, …
    private static readonly string[] Speaking = ["audio", "realtime", "tts"];

    /// <summary>
    /// The price as it holds for a model of a name: one that by its name writes audio, for which there is no price, cannot be bounded.
    /// </summary>
    internal PricedModel Named(string model) =>
        Unbounded is null
        && !Tiers[0].Rates.HasOutputAudio
        && Tiers[0].Rates.Output is not null
        && Array.Exists(Speaking, word => model.Contains(word, StringComparison.OrdinalIgnoreCase))
            ? this with
            {
                Unbounded = $"the model \"{model}\" writes audio, which has no price: add outputAudio to {RuleId} in the price catalog",
            }
            : this;

    /// <summary>What a call cost; null where something that it used has no price.</summary>
    /// <param name="usage">A consistent usage.</param>
    /// <param name="serviceTier">The tier that served the call, as the provider names it; null for the standard one.</param>
    /// <param name="geography">Where the model ran, as the provider names it; null where it does not say.</param>
    /// <param name="hostFactor">Times what tokens cost at the host.</param>
    public CallCost? Cost(TokenUsage usage, string? serviceTier = null, string? geography = null, decimal hostFactor = 1m)
    {
        if (TierOf(serviceTier) is not { } tier || FactorOf(geography) is not { } place || (usage.WebSearches > 0 && WebSearch is null))
            return null;
        var (rates, factor) = (At(tier.Tiers, usage.Input), tier.Factor * place * hostFactor);
        return rates.OutputCost(usage) is { } output
            ? new CallCost(
                new Money(rates.InputCost(usage) * factor),
                new Money(output * factor),
                new Money(PerRequest + (usage.WebSearches * (WebSearch ?? 0m)))
            )
            : null;
    }

    /// <summary>
    /// The most that a call can cost: the dearest input rate (plain, cached, cache write, and modality where there is any) and the dearest
    /// output rate of all tiers that the input can reach, at the dearest place that the provider may choose. The input is capped by the
    /// context window where that is known. Null where nothing bounds it: <see cref="WhyUnbounded"/> says why.
    /// </summary>
    public Money? UpperBound(in CallBound bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bound.InputTokens ?? 0);
        ArgumentOutOfRangeException.ThrowIfNegative(bound.OutputTokens);
        if (WhyUnbounded(bound) is not null)
            return null;
        // A search puts what it found before the model again, and the model reads everything once more.
        var input = MostInput(bound);
        var rounds = 1 + bound.WebSearches;
        decimal inputRate = 0m,
            outputRate = 0m;
        foreach (var (tiers, factor) in Reachable(bound.ServiceTier))
        {
            foreach (var tier in tiers)
            {
                if (tier.OverInputTokens > 0 && input * rounds <= tier.OverInputTokens)
                    continue;
                var (rates, text) = (tier.Rates, bound.TextOnly);
                inputRate = Math.Max(inputRate, factor * (bound.MediaInput ? rates.DearestInput : rates.DearestText));
                outputRate = Math.Max(outputRate, factor * (text ? rates.DearestTextOutput : rates.DearestOutput));
            }
        }
        var tokens = (input * rounds * inputRate) + (MostOutput(bound) * outputRate);
        return new Money(
            PerRequest + (bound.WebSearches * (WebSearch ?? 0m)) + (tokens * DearestPlace(bound.Geography) * bound.HostFactor!.Value)
        );
    }

    /// <summary>
    /// The most input tokens, a search left aside: what the body can be, and no more than a context window for each input that is read
    /// apart. The largest number where neither is known.
    /// </summary>
    public long MostInput(in CallBound bound)
    {
        var windows = ContextWindow is { } window ? window * Math.Max(1, bound.Inputs) : long.MaxValue;
        return NeedsWindow(bound) ? windows : Math.Min(bound.InputTokens!.Value, windows);
    }

    /// <summary>The most output tokens: an image comes whole, whatever the limit, where the model can write one.</summary>
    public long MostOutput(in CallBound bound) =>
        !bound.TextOnly && Tiers[0].Rates is { } rates && rates.OutputImage > rates.DearestTextOutput
            ? Math.Max(bound.OutputTokens, LargestImage * bound.Answers)
            : bound.OutputTokens;

    /// <summary>Why nothing bounds what a call can cost, and what to do about it; null where something does.</summary>
    public UnboundedCost? WhyUnbounded(in CallBound bound)
    {
        var provider = RuleId[..RuleId.IndexOf('/', StringComparison.Ordinal)];
        if (Unbounded is not null)
            return new UnboundedCost("model", Unbounded);
        if (bound.WebSearches > 0 && WebSearch is null)
            return new UnboundedCost("tools", $"a search of the provider has no price: add webSearch to {RuleId} in the price catalog");
        if (NeedsWindow(bound) && ContextWindow is null)
        {
            return new UnboundedCost(
                "model",
                $"some of its input is not text in the body, and the price catalog does not know the context window of {RuleId}: add "
                    + $"\"{RuleId[(provider.Length + 1)..]}\" to the windows of provider \"{provider}\""
            );
        }
        if (TierOf(bound.ServiceTier) is null)
        {
            return new UnboundedCost(
                "service_tier",
                $"{RuleId} has no price for the service tier \"{bound.ServiceTier}\": leave it out, or add the tier to the serviceTiers of "
                    + "the model's price, or of the provider, in the price catalog"
            );
        }
        if (FactorOf(bound.Geography) is null)
        {
            return new UnboundedCost(
                "inference_geo",
                $"what \"{bound.Geography}\" costs is not known: leave it out, or add it to the geographies of the provider in the "
                    + "price catalog"
            );
        }
        return bound.HostFactor is null
            ? new UnboundedCost(
                "model",
                "the prices at this host are not known: add the host to the hosts of the provider in the price catalog, with its factor"
            )
            : null;
    }

    /// <summary>
    /// What is wrong with a context window that a price proves wrong: a tier that begins at or above it is never reached.
    /// </summary>
    /// <param name="window">The window; null where it is unknown.</param>
    /// <param name="begins">Where the tiers of the price begin.</param>
    /// <returns>What to mend; null where nothing is wrong.</returns>
    internal static string? WrongWindow(long? window, IEnumerable<long> begins)
    {
        var last = begins.Append(0).Max();
        return last < window || window is null
            ? null
            : FormattableString.Invariant(
                $"contextWindow: {window} is wrong: a price begins over {last} tokens of input, which no call could "
            ) + "have: write the model's true context window";
    }

    /// <summary>Refuses a context window that a price proves wrong.</summary>
    /// <exception cref="FormatException">It names the rule and what to mend.</exception>
    internal void CheckWindow()
    {
        var tiers = ServiceTiers.Values.Prepend(Tiers).SelectMany(t => t);
        if (WrongWindow(ContextWindow, tiers.Select(t => t.OverInputTokens)) is { } wrong)
            throw new FormatException($"{RuleId}: {wrong}");
    }

    private static bool NeedsWindow(in CallBound bound) => bound.InputTokens is null || bound.MediaInput || bound.WebSearches > 0;

    private static Rates At(IReadOnlyList<PriceTier> tiers, long input)
    {
        var rates = tiers[0].Rates;
        for (var i = 1; i < tiers.Count && input > tiers[i].OverInputTokens; i++)
            rates = tiers[i].Rates;
        return rates;
    }

    /// <summary>The rates of a tier; null for a tier that may cost more than the standard one and has no price here.</summary>
    private (IReadOnlyList<PriceTier> Tiers, decimal Factor)? TierOf(string? serviceTier)
    {
        if (serviceTier is null)
            return (Tiers, 1m);
        if (ServiceTiers.TryGetValue(serviceTier, out var own))
            return (own, 1m);
        if (Facts.ServiceTiers.TryGetValue(serviceTier, out var factor))
            return (Tiers, factor);
        var plain = Plain(serviceTier);
        if (plain != serviceTier)
            return TierOf(plain);
        // Cheaper than the standard tier wherever it is sold: the standard price is an upper bound.
        return Standard.Contains(serviceTier) || serviceTier is "flex" or "batch" ? (Tiers, 1m) : null;
    }

    private IEnumerable<(IReadOnlyList<PriceTier> Tiers, decimal Factor)> Reachable(string? asked)
    {
        yield return (Tiers, 1m);
        // Without a word, and with "auto", the provider's project settings choose.
        var any = asked is null or "auto";
        var name = asked is null ? null : Plain(asked);
        foreach (var (tier, rates) in ServiceTiers)
        {
            if (any || asked == tier || name == tier)
                yield return (rates, 1m);
        }
        foreach (var (tier, factor) in Facts.ServiceTiers)
        {
            if (any || asked == tier || name == tier)
                yield return (Tiers, factor);
        }
    }

    private decimal DearestPlace(string? asked) => asked is null ? Facts.Geographies.Values.Append(1m).Max() : FactorOf(asked)!.Value;

    private decimal? FactorOf(string? geography) =>
        geography is null ? 1m
        : Facts.Geographies.TryGetValue(geography, out var factor) ? factor
        : geography is "global" or "not_available" or "" ? 1m
        : null;

    /// <summary>
    /// A tier as most name it: Google's spelling as an enumeration ("SERVICE_TIER_PRIORITY"), and Vertex AI's types of traffic.
    /// </summary>
    private static string Plain(string tier)
    {
        if (!tier.AsSpan().ContainsAnyInRange('A', 'Z'))
            return tier;
        const string prefix = "SERVICE_TIER_";
        var name = tier.StartsWith(prefix, StringComparison.Ordinal) ? tier[prefix.Length..] : tier;
        return name switch
        {
            "PRIORITY" or "ON_DEMAND_PRIORITY" => "priority",
            "FLEX" or "ON_DEMAND_FLEX" => "flex",
            // What is paid for in advance costs no more.
            "STANDARD" or "ON_DEMAND" or "PROVISIONED_THROUGHPUT" or "UNSPECIFIED" or "TRAFFIC_TYPE_UNSPECIFIED" => "standard",
            _ => tier,
        };
    }
}
