using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The output limit of a call, lowered so that it fits what one call, and its run, may cost. Pure.</summary>
internal static class CallLimits
{
    /// <summary>Finds the limit; null where the call does not fit even with the least output that makes sense.</summary>
    /// <param name="request">What the body says.</param>
    /// <param name="bodyLength">Of the body, bytes.</param>
    /// <param name="prices">The model's.</param>
    /// <param name="wanted">The limit that the request has, or gets where it has none.</param>
    /// <param name="least">The least output limit to lower to.</param>
    /// <param name="maxCost">The most that the call may cost; null: no limit.</param>
    /// <param name="maxTokens">The most tokens that the call may use; null: no limit.</param>
    public static long? Fit(
        MeteredRequest request,
        int bodyLength,
        PricedModel prices,
        long wanted,
        long least,
        Money? maxCost,
        long? maxTokens
    )
    {
        var limit = wanted;
        if (maxTokens is { } tokens && !request.NoOutput)
            limit = Math.Min(limit, (tokens - Input(request, bodyLength, prices)) / request.Choices);
        if (maxCost is { } cost && prices.UpperBound(request.Bound(bodyLength, limit > 0 ? limit : 0)) > cost)
        {
            var without = prices.UpperBound(request.Bound(bodyLength, 0))!.Value;
            var each = prices.UpperBound(request.Bound(bodyLength, 1))!.Value - without;
            if (without > cost || request.NoOutput)
                return null;
            limit = each > Money.Zero ? Math.Min(limit, (long)decimal.Floor((cost - without).Amount / each.Amount)) : limit;
        }
        if (request.NoOutput)
            return maxTokens is { } most && Input(request, bodyLength, prices) > most ? null : 0;
        return limit >= wanted || limit >= Math.Max(least, request.LeastOutput) ? limit : null;
    }

    /// <summary>The most tokens that a call can use.</summary>
    public static long Tokens(MeteredRequest request, int bodyLength, PricedModel prices, long outputLimit) =>
        Input(request, bodyLength, prices) + request.Bound(bodyLength, outputLimit).OutputTokens;

    private static long Input(MeteredRequest request, int bodyLength, PricedModel prices)
    {
        var window = prices.ContextWindow ?? long.MaxValue;
        return request.MediaInput || request.Bound(bodyLength, 0).InputTokens is not { } bound ? window : Math.Min(bound, window);
    }
}
