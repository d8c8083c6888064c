using System.Text.Json;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>How many pods a Deployment wants and has.</summary>
/// <param name="Wanted">spec.replicas.</param>
/// <param name="Updated">status.updatedReplicas.</param>
/// <param name="Available">status.availableReplicas.</param>
/// <param name="Ready">status.readyReplicas.</param>
/// <param name="Total">status.replicas: pods that exist, old ones included.</param>
public sealed record PodCounts(int Wanted, int Updated, int Available, int Ready, int Total)
{
    /// <summary>Reads them from a Deployment.</summary>
    public static PodCounts Of(JsonElement deployment) =>
        new(
            deployment.Int("spec", "replicas") ?? 1,
            deployment.Int("status", "updatedReplicas") ?? 0,
            deployment.Int("status", "availableReplicas") ?? 0,
            deployment.Int("status", "readyReplicas") ?? 0,
            deployment.Int("status", "replicas") ?? 0
        );

    /// <summary>True when as many pods as wanted run the current template and are available, and no other pods are left.</summary>
    public bool AreWhole(int wanted) => Wanted == wanted && Updated >= wanted && Available >= wanted && Total == Updated;
}
