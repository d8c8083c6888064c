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
    /// <param name="caps">What the call may cost and use.</param>
    /// <param name="hostFactor">Times what tokens cost at the host.</param>
    public static long? Fit(
        MeteredRequest request,
        int bodyLength,
        PricedModel prices,
        long wanted,
        long least,
        CallCaps caps,
        decimal? hostFactor = 1m
    )
    {
        var limit = wanted;
        var nothing = request.Bound(bodyLength, 0, hostFactor);
        if (caps.RunTokens is { } tokens && !request.NoOutput)
            limit = Math.Min(limit, (tokens - Input(nothing, prices)) / request.Choices);
        if (caps.Cost is { } cost)
        {
            Money Most(long output) => prices.UpperBound(request.Bound(bodyLength, output, hostFactor))!.Value;
            var asked = Math.Max(limit, 0);
            if (Most(asked) is var most && most > cost)
            {
                if (request.NoOutput || asked == 0 || prices.UpperBound(nothing) > cost)
                    return null;
                // Above what comes whole, such as an image, each token costs the same; below, nothing more.
                var each = most - Most(asked - 1);
                limit = asked - (long)decimal.Ceiling((most - cost).Amount / each.Amount);
            }
        }
        if (request.NoOutput)
            return caps.RunTokens is { } allowed && Input(nothing, prices) > allowed ? null : 0;
        return limit >= wanted || limit >= Math.Max(least, request.LeastOutput) ? limit : null;
    }

    /// <summary>The most tokens that a call can use.</summary>
    public static long Tokens(in CallBound bound, PricedModel prices) => Input(bound, prices) + prices.MostOutput(bound);

    private static long Input(in CallBound bound, PricedModel prices) => prices.MostInput(bound with { WebSearches = 0 });
}
