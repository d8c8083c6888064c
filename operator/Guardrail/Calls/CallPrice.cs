using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>What an answer cost. Pure.</summary>
internal static class CallPrice
{
    /// <summary>
    /// Settles a final answer: at the dearer of the model that was asked for and the one that answered, in the tier that served. Where the
    /// tier has no price, or the answer cost more than it could, the bound did not hold, and the outcome says why.
    /// </summary>
    public static CallOutcome Settle(ModelCallPlan plan, ResponseFacts facts, int status, DateTimeOffset now)
    {
        var usage = facts.Usage!.Value;
        // Without a word about how long the cache keeps it, the dearer rate counts where the request asked for it.
        if (plan.Request.LongCache && usage is { CacheWrite: > 0, CacheWriteLong: 0 })
            usage = usage with { CacheWriteLong = usage.CacheWrite };
        var cost = plan.Prices.Cost(usage, facts.ServiceTier)?.Total;
        string? overrun = null;
        if (cost is null)
            overrun = facts.ServiceTier is { } tier
                ? $"the answer came in the service tier \"{tier}\", which has no price"
                : "the answer used something that has no price";
        if (
            facts.Model is { } answered
            && !answered.Equals(plan.Request.Model, StringComparison.OrdinalIgnoreCase)
            && plan.Settings.Prices.Find(plan.Provider, answered, now) is { } other
            && other.RuleId != plan.Prices.RuleId
        )
        {
            var theirs = other.Cost(usage, facts.ServiceTier)?.Total;
            if (theirs > cost)
                (cost, overrun) = (theirs, theirs > plan.UpperBound ? $"the model \"{answered}\" answered, which costs more" : overrun);
        }
        if (cost is null)
            return CallOutcome.Unproven(status, facts) with { Overrun = overrun };
        if (cost > plan.UpperBound)
            overrun ??= $"{usage.Input} input and {usage.Output} output tokens are more than the bound of the call";
        return new CallOutcome("settled", cost, status, facts) { Overrun = overrun };
    }
}
