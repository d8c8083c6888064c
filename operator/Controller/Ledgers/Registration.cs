using AgentReadiness.Api;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Registers the ledgers.</summary>
internal static class Registration
{
    // How fast ledgers are written: a call waits for it.
    private static readonly RequestPacing Pacing = new() { RequestsPerSecond = 200, Burst = 200 };

    /// <summary>Adds their cache and who writes them.</summary>
    public static IOperatorBuilder AddLedgers(this IOperatorBuilder builder, Kubernetes client)
    {
        // With a pace of its own: a call that waits for money must not wait behind a thousand rollouts. Nor behind the reports of other
        // accounts, of which each busy one is written every two seconds; no account has more than one write in flight.
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
