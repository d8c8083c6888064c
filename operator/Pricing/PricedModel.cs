using AgentReadiness.Api;

namespace AgentReadiness.Pricing;

/// <summary>USD per token, each rounded up once to <see cref="Money.FractionDigits"/> digits when the catalog was loaded.</summary>
/// <param name="OverInputTokens">The rates hold where a call's input exceeds this many tokens; 0 for the base rates.</param>
/// <param name="Input">Input that the cache did not serve.</param>
/// <param name="CachedInput">Input read from the cache.</param>
/// <param name="CacheWrite">Input written to the cache.</param>
/// <param name="CacheWriteLong">Input written to the cache for an hour; never less than <paramref name="CacheWrite"/>.</param>
/// <param name="Output">Output; where reasoning has a rate of its own, the dearer of the two.</param>
public sealed record PriceTier(long OverInputTokens, decimal Input, decimal CachedInput, decimal CacheWrite, decimal CacheWriteLong, decimal Output)
{
    internal decimal DearestInput => Math.Max(Math.Max(Input, CachedInput), Math.Max(CacheWrite, CacheWriteLong));
}

/// <summary>The prices of one model at one time.</summary>
/// <param name="RuleId">provider/model as the catalog names the rule: bounded in number, so fit for a metric label.</param>
/// <param name="PerRequest">USD for each request, beside its tokens.</param>
/// <param name="Tiers">Ascending by <see cref="PriceTier.OverInputTokens"/>, the first at 0. A tier's rates hold for all tokens of a call.</param>
/// <param name="ContextWindow">The most tokens that a call's input can have; null where unknown.</param>
/// <param name="MaxOutputTokens">The most tokens that one answer can have; null where unknown.</param>
public sealed record PricedModel(string RuleId, decimal PerRequest, IReadOnlyList<PriceTier> Tiers, long? ContextWindow, long? MaxOutputTokens)
{
    /// <summary>What a call cost, never rounded. A tier is chosen by the whole input, and then holds for every token of the call.</summary>
    /// <param name="usage">As <see cref="TokenUsage.TryReadOpenAi"/> accepts it: the cached parts do not exceed the input.</param>
    public Money Cost(TokenUsage usage)
    {
        var tier = Tiers[0];
        foreach (var candidate in Tiers)
        {
            if (usage.Input > candidate.OverInputTokens)
                tier = candidate;
        }
        var plain = usage.Input - usage.CacheRead - usage.CacheWrite;
        // Usage does not say how long a cache entry lives: the dearer rate is charged, so that the count is never below the bill.
        return new Money(PerRequest
            + (plain * tier.Input)
            + (usage.CacheRead * tier.CachedInput)
            + (usage.CacheWrite * tier.CacheWriteLong)
            + (usage.Output * tier.Output));
    }

    /// <summary>
    /// The most that a call can cost: the dearest input rate (plain, cached, cache write) and the dearest output rate of all tiers that the
    /// input can reach. The input is capped by the context window where that is known.
    /// </summary>
    /// <param name="inputTokensBound">The most input tokens that the request can have.</param>
    /// <param name="outputTokensLimit">The most output tokens of all choices together.</param>
    public Money UpperBound(long inputTokensBound, long outputTokensLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(inputTokensBound);
        ArgumentOutOfRangeException.ThrowIfNegative(outputTokensLimit);
        var input = ContextWindow is { } window ? Math.Min(inputTokensBound, window) : inputTokensBound;
        decimal inputRate = 0m, outputRate = 0m;
        foreach (var tier in Tiers)
        {
            if (tier.OverInputTokens > 0 && input <= tier.OverInputTokens)
                continue;
            inputRate = Math.Max(inputRate, tier.DearestInput);
            outputRate = Math.Max(outputRate, tier.Output);
        }
        return new Money(PerRequest + (input * inputRate) + (outputTokensLimit * outputRate));
    }
}
