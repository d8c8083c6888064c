using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Prices;

/// <summary>Registers the prices that guardrails get.</summary>
internal static class Registration
{
    /// <summary>Adds who reads them and who tells of them. Their ConfigMaps are in the shared cache.</summary>
    public static IOperatorBuilder AddPrices(this IOperatorBuilder builder)
    {
        builder.Services.AddSingleton<PriceBook>().AddSingleton<PriceNews>();
        return builder.AddLeaderTask<PriceNews>();
    }
}
