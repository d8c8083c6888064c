using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Prices;

/// <summary>Registers the prices that guardrails get.</summary>
internal static class Registration
{
    /// <summary>Adds the ConfigMap that is named, who reads it and who tells of it.</summary>
    public static IOperatorBuilder AddPrices(this IOperatorBuilder builder, OperatorOptions options)
    {
        if (options.Prices is { } named)
            builder.AddCache(ConfigMapView.Resource, PricesView.Of, only: named);
        builder.Services.AddSingleton<PriceBook>().AddSingleton<PriceNews>();
        return builder.AddLeaderTask<PriceNews>();
    }
}
