using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What an answer cost. Pure.</summary>
internal static class Settlement
{
    /// <summary>
    /// Sent elsewhere, refused by the provider before it did any work, or failed where the provider says that it bills no failures: nothing
    /// is billed. 529 is Anthropic's "overloaded". What a provider says that it does bill is never nothing.
    /// </summary>
    public static bool IsNotBilled(CallContext call, int status)
    {
        var facts = call.Model!.Provider.Facts;
        return !facts.MayBill(status) && (status is (>= 300 and < 500) or 529 || facts.IsUnbilled(status));
    }

    /// <summary>
    /// Settles a final answer: at the dearer of the model that was asked for and the one that answered, in the tier that served. Where the
    /// tier has no price, or the answer cost more than it could, the bound did not hold, and the outcome says why.
    /// </summary>
    public static CallOutcome Of(CallContext call, ResponseFacts facts, int status, DateTimeOffset now)
    {
        var (terms, prices) = (call.Model!, call.Model!.Prices!);
        var bound = terms.Share.Cost;
        var usage = facts.Usage!.Value;
        if (!IsPlausible(terms, usage))
            return CallOutcome.Unproven(status, facts);
        // Without a word about how long the cache keeps it, the dearer rate counts where the request asked for it.
        if (terms.Request.LongCache && usage is { CacheWrite: > 0, CacheWriteLong: 0 })
            usage = usage with { CacheWriteLong = usage.CacheWrite };
        var place = facts.Geography ?? terms.Request.Geography;
        var host = terms.HostFactor ?? 1m;
        var cost = prices.Cost(usage, facts.ServiceTier, place, host)?.Total;
        string? overrun = null;
        if (cost is null)
            overrun =
                facts.ServiceTier is { } tier && prices.Cost(usage, geography: place) is not null
                    ? $"the answer came in the service tier \"{tier}\", which has no price"
                : prices.Cost(usage) is not null ? $"the model ran in \"{place}\", which has no price"
                : "the answer used something that has no price";
        if (
            facts.Model is { } answered
            && !answered.Equals(terms.Request.Model, StringComparison.OrdinalIgnoreCase)
            && call.Settings.Prices.Find(terms.Provider.Id, answered, now) is { } other
            && other.RuleId != prices.RuleId
        )
        {
            var theirs = other.Cost(usage, facts.ServiceTier, place, terms.Provider.Host.FactorOf(answered) ?? host)?.Total;
            if (theirs > cost)
                (cost, overrun) = (theirs, theirs > bound ? $"the model \"{answered}\" answered, which costs more" : overrun);
        }
        // A reseller knows what it billed; what it says is never taken to be less than the price.
        if (terms.Provider.Facts.StatesCost == true && facts.StatedCost is { } stated && new Money(stated) is var told && told > cost)
            (cost, overrun) = (told, told > bound ? "the provider says that it billed more than the price" : overrun);
        if (cost is null)
            return CallOutcome.Unproven(status, facts) with { Overrun = overrun };
        if (cost > bound)
            overrun ??= $"{usage.Input} input and {usage.Output} output tokens are more than the bound of the call";
        return new CallOutcome("settled", cost, status, facts) { Overrun = overrun };
    }

    /// <summary>
    /// Whether the input that an answer states can be that of the call: no token stands for more text than the longest one. Media are no
    /// text.
    /// </summary>
    private static bool IsPlausible(ModelTerms terms, TokenUsage usage)
    {
        // What is longer than the model's window may have been cut off by the provider.
        var text = Math.Min(terms.Bound.InputTokens ?? 0, terms.Prices!.ContextWindow ?? long.MaxValue);
        return terms.Request.MediaInput || text / TokenUsage.LongestToken <= usage.Input;
    }
}
