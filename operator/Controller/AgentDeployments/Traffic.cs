using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>What a rollout's step means for the Service and the serving revision's pods.</summary>
/// <param name="TakeOver">Why the revision may take all traffic now; null: not yet.</param>
/// <param name="IsShared">Serving revision and candidate share the Service.</param>
/// <param name="StablePods">The serving revision's pods while they share; null: as many as the agent is to have.</param>
internal sealed record Traffic(PromotionBasis? TakeOver, bool IsShared, int? StablePods)
{
    /// <summary>All traffic stays with the serving revision.</summary>
    public static Traffic Held { get; } = new(null, false, null);
}
