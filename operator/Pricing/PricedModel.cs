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

/// <summary>What bounds a call's cost before it is made.</summary>
/// <param name="InputTokens">The most input tokens that the body can be; null where the body does not say, so that a full context window
/// counts.</param>
/// <param name="OutputTokens">The most output tokens of all choices together.</param>
public readonly record struct CallBound(long? InputTokens, long OutputTokens)
{
    /// <summary>The input may be audio, images, documents or video: their rates count too, and a full context window.</summary>
    public bool MediaInput { get; init; }

    /// <summary>The answer may be audio, images or video.</summary>
    public bool MediaOutput { get; init; }

    /// <summary>The service tier that the request asks for, or null.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>The most times that the provider may run its own web search, after each of which it reads the whole input again.</summary>
    public long WebSearches { get; init; }
}

/// <summary>The prices of one model at one time.</summary>
/// <param name="RuleId">provider/model as the catalog names the rule: bounded in number, so fit for a metric label.</param>
/// <param name="Tiers">The standard service's rates, ascending by <see cref="PriceTier.OverInputTokens"/>, the first at 0.</param>
public sealed record PricedModel(string RuleId, IReadOnlyList<PriceTier> Tiers)
{
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

    /// <summary>What a call cost; null where something that it used has no price.</summary>
    /// <param name="usage">A consistent usage.</param>
    /// <param name="serviceTier">The tier that served the call, as the provider names it; null for the standard one.</param>
    public CallCost? Cost(TokenUsage usage, string? serviceTier = null)
    {
        if (RatesOf(serviceTier) is not { } tiers || (usage.WebSearches > 0 && WebSearch is null))
            return null;
        var rates = At(tiers, usage.Input);
        return rates.OutputCost(usage) is { } output
            ? new CallCost(
                new Money(rates.InputCost(usage)),
                new Money(output),
                new Money(PerRequest + (usage.WebSearches * (WebSearch ?? 0m)))
            )
            : null;
    }

    /// <summary>
    /// The most that a call can cost: the dearest input rate (plain, cached, cache write, and modality where there is any) and the dearest
    /// output rate of all tiers that the input can reach. The input is capped by the context window where that is known. Null where nothing
    /// bounds it.
    /// </summary>
    public Money? UpperBound(in CallBound bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bound.InputTokens ?? 0);
        ArgumentOutOfRangeException.ThrowIfNegative(bound.OutputTokens);
        var whole = bound.InputTokens is null || bound.MediaInput;
        if (Unbounded is not null || (whole && ContextWindow is null) || (bound.WebSearches > 0 && WebSearch is null))
            return null;
        var input = whole ? ContextWindow!.Value : Math.Min(bound.InputTokens!.Value, ContextWindow ?? long.MaxValue);
        // A search puts what it found before the model again, and the model reads everything once more.
        var rounds = 1 + bound.WebSearches;
        if (bound.WebSearches > 0 && ContextWindow is { } window)
            input = window;
        decimal inputRate = 0m,
            outputRate = 0m;
        foreach (var tiers in Reachable(bound.ServiceTier))
        {
            foreach (var tier in tiers)
            {
                if (tier.OverInputTokens > 0 && input * rounds <= tier.OverInputTokens)
                    continue;
                inputRate = Math.Max(inputRate, bound.MediaInput ? tier.Rates.DearestInput : tier.Rates.DearestText);
                outputRate = Math.Max(outputRate, bound.MediaOutput ? tier.Rates.DearestOutput : tier.Rates.DearestTextOutput);
            }
        }
        return new Money(
            PerRequest + (bound.WebSearches * (WebSearch ?? 0m)) + (input * rounds * inputRate) + (bound.OutputTokens * outputRate)
        );
    }

    private static Rates At(IReadOnlyList<PriceTier> tiers, long input)
    {
        var rates = tiers[0].Rates;
        for (var i = 1; i < tiers.Count && input > tiers[i].OverInputTokens; i++)
            rates = tiers[i].Rates;
        return rates;
    }

    /// <summary>The rates of a tier; null for a tier that costs more than the standard one and has no price here.</summary>
    private IReadOnlyList<PriceTier>? RatesOf(string? serviceTier)
    {
        if (serviceTier is null || IsStandard(serviceTier))
            return Tiers;
        if (ServiceTiers.TryGetValue(serviceTier, out var own))
            return own;
        // Cheaper than the standard tier wherever it is sold: the standard price is an upper bound.
        return serviceTier is "flex" or "batch" ? Tiers : null;
    }

    private IEnumerable<IReadOnlyList<PriceTier>> Reachable(string? asked)
    {
        yield return Tiers;
        foreach (var (name, tiers) in ServiceTiers)
        {
            // Without a word, and with "auto", the provider's project settings choose.
            if (asked is null or "auto" || asked == name)
                yield return tiers;
        }
    }

    private static bool IsStandard(string tier) => tier is "default" or "standard" or "auto" or "on_demand" or "standard_only" or "";
}
