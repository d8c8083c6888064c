using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Endpoints;
using AgentReadiness.Controller.EvalRuns;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.ReadinessExceptions;
using AgentReadiness.Controller.Shared;
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
