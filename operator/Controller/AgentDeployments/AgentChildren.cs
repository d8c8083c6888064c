using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>The objects that an agent consists of, as they are now, and those of others that have their names.</summary>
public sealed record AgentChildren
{
    /// <summary>Our own copies of ConfigMaps for this agent's revisions, and guardrail configurations.</summary>
    public IReadOnlyList<ConfigMapView> Copies { get; init; } = [];

    /// <summary>Deployments that carry this agent's label, and those of the names that it needs.</summary>
    public IReadOnlyList<DeploymentView> Deployments { get; init; } = [];

    /// <summary>Services of the names that it needs, by name.</summary>
    public IReadOnlyDictionary<string, ServiceView> Services { get; init; } = new Dictionary<string, ServiceView>();

    /// <summary>Names of the pods that the agent's Service really sends traffic to.</summary>
    public IReadOnlyList<string> EndpointPods { get; init; } = [];

    /// <summary>Pods that carry this agent's label.</summary>
    public IReadOnlyList<PodView> Pods { get; init; } = [];

    /// <summary>The PodDisruptionBudget of the agent's name, or null.</summary>
    public DisruptionView? Disruption { get; init; }

    /// <summary>EvalRuns of this agent, in whatever namespace.</summary>
    public IReadOnlyList<EvalRun> Runs { get; init; } = [];
}
