using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A PodDisruptionBudget.</summary>
/// <param name="Meta">Identity.</param>
public sealed record DisruptionView(Meta Meta)
{
    /// <summary>The resource in a version of its group.</summary>
    public static ResourceType Resource(string version) => new("policy", version, "poddisruptionbudgets", "PodDisruptionBudget");

    /// <summary>Makes the view.</summary>
    public static DisruptionView Of(JsonElement item) => new(Meta.Of(item));
}
