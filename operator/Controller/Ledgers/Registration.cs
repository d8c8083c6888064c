using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Registers the ledgers.</summary>
internal static class Registration
{
    // The pace of writes to ledgers is high, because calls of agents wait for them.
    private static readonly RequestPacing Pacing = new() { RequestsPerSecond = 200, Burst = 200 };

    /// <summary>Adds their cache and who writes them.</summary>
    public static IOperatorBuilder AddLedgers(this IOperatorBuilder builder, Kubernetes client)
    {
        // Ledgers have a pace of their own, so that a call that waits for money does not wait behind the writes of many rollouts. The pace
        // is
        // high enough for the reports of many accounts too: each busy one is written every two seconds, with one write in flight at most.
        builder.Services.AddKeyedSingleton(LedgerRegistry.Api, new KubernetesApi(client, Names.Operator, pacing: Pacing));
        builder
            .Services.AddSingleton<AccountDeclarations>()
            .AddSingleton<LedgerRegistry>()
            .AddSingleton<LedgerReaper>()
            .AddSingleton<LedgerCollector>()
            .AddSingleton<LedgerSweep>();
        return builder
            .AddCache(ResourceType.Of<BudgetLedger>(), TypedView.Of<BudgetLedger>)
            .AddLeaderTask<LedgerRegistry>()
            .AddLeaderTask<LedgerSweep>();
    }
}
