using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>
/// The terms of a model call: its price, its output limit, and the most that an attempt can cost. They are found once, before any check
/// looks at them, and hold for all attempts. Immutable.
/// </summary>
internal sealed class ModelTerms
{
    private ModelTerms(MeteredRequest request, KnownProvider provider, PricedModel? prices, string? overrun, Tags tags) =>
        (Request, Provider, Prices, Overrun, Tags) = (request, provider, prices, overrun, tags);

    /// <summary>What the body says.</summary>
    public MeteredRequest Request { get; }

    /// <summary>What the catalog knows about the provider.</summary>
    public KnownProvider Provider { get; }

    /// <summary>The prices of its model at the call's start; null where it has none.</summary>
    public PricedModel? Prices { get; }

    /// <summary>Why models of this price are refused at present; null where they are not.</summary>
    public string? Overrun { get; }

    /// <summary>What its cost is told apart by.</summary>
    public Tags Tags { get; }

    /// <summary>The output limit of each choice that the request has, or gets where it has none, tokens.</summary>
    public long WantedOutput { get; private init; }

    /// <summary>The most that the call can cost with the wanted output; null where that has no bound.</summary>
    public Money? WantedBound { get; private init; }

    /// <summary>The limits that the call must fit.</summary>
    public CallCaps Caps { get; private init; }

    /// <summary>The output limit with which it fits its caps; null where it fits with none.</summary>
    public long? FittingOutput { get; private init; }

    /// <summary>The output limit of each choice that is in force, tokens.</summary>
    public long OutputLimit { get; private init; }

    /// <summary>Times what tokens cost at the host; null where that is not known.</summary>
    public decimal? HostFactor { get; private init; }

    /// <summary>What bounds the call with the output limit in force; with the wanted one where none fits.</summary>
    public CallBound Bound { get; private init; }

    /// <summary>The most output tokens of all answers.</summary>
    public long MostOutput => Prices!.MostOutput(Bound);

    /// <summary>What an attempt takes from its run: the most that it can cost and use.</summary>
    public RunShare Share { get; private init; }

    /// <summary>The same as an amount.</summary>
    public Amount UpperBound => new(Share.Cost, Share.Tokens);

    /// <summary>What its cost is told apart by, with what holds for every call of the model.</summary>
    /// <param name="revision">The agent's revision.</param>
    public SpendLabels Labels(string revision) => new(Prices!.RuleId, revision, Tags);

    /// <summary>Finds the terms of a call. Pure.</summary>
    /// <param name="request">What its body says.</param>
    /// <param name="bodyLength">Of the body, bytes.</param>
    /// <param name="price">The price of its model, and of whom.</param>
    /// <param name="settings">The settings in force.</param>
    /// <param name="left">What its run has left; null where nothing limits it.</param>
    /// <param name="tags">Its tags.</param>
    public static ModelTerms Find(
        MeteredRequest request,
        int bodyLength,
        ModelPrice price,
        GuardrailSettings settings,
        (Money? Cost, long? Tokens) left,
        Tags tags
    )
    {
        if (price.Prices is not { } prices)
            return new ModelTerms(request, price.Provider, null, null, tags);
        var wanted =
            request.WantedLimit
            ?? Math.Max(Math.Min(settings.Config.MaxOutputTokens, prices.MaxOutputTokens ?? long.MaxValue), request.LeastOutput);
        var host = price.Provider.Host.FactorOf(request.Model);
        var most = request.Bound(bodyLength, wanted, host);
        var bound = prices.UpperBound(most);
        if (bound is null)
            return new ModelTerms(request, price.Provider, prices, price.Overrun, tags) { WantedOutput = wanted, Bound = most };
        var caps = new CallCaps(settings.Limits.CallMaxCost, left.Cost, left.Tokens);
        var fitting = CallLimits.Fit(request, bodyLength, prices, wanted, settings.Config.MinOutputTokens, caps, host);
        // Where limits are only observed, the call keeps the output that it asked for.
        var limit = settings.Limits.Observe ? wanted : fitting ?? wanted;
        var inForce = limit == wanted ? most : request.Bound(bodyLength, limit, host);
        var cost = limit == wanted ? bound.Value : prices.UpperBound(inForce)!.Value;
        return new ModelTerms(request, price.Provider, prices, price.Overrun, tags)
        {
            WantedOutput = wanted,
            WantedBound = bound,
            Caps = caps,
            FittingOutput = fitting,
            OutputLimit = limit,
            HostFactor = host,
            Bound = inForce,
            Share = new RunShare(cost, CallLimits.Tokens(inForce, prices)),
        };
    }
}
