using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Everything that a decision about one agent may depend on, read at one moment. Immutable.</summary>
/// <param name="Agent">The agent.</param>
/// <param name="Inputs">What others made and what its revision depends on.</param>
/// <param name="Children">The objects that it consists of.</param>
/// <param name="Funds">What it may spend.</param>
/// <param name="Environment">Settings.</param>
/// <param name="Now">The moment.</param>
public sealed record AgentObservation(
    AgentDeployment Agent,
    AgentInputs Inputs,
    AgentChildren Children,
    AgentFunds Funds,
    OperatorEnvironment Environment,
    DateTimeOffset Now
)
{
    /// <summary>The agent's namespace.</summary>
    public string Namespace => Agent.Metadata.NamespaceProperty;

    /// <summary>The agent's name.</summary>
    public string Name => Agent.Metadata.Name;

    /// <summary>The agent's UID.</summary>
    public string Uid => Agent.Metadata.Uid;

    /// <summary>Our Deployments: those that this agent controls.</summary>
    public IEnumerable<DeploymentView> Owned => Children.Deployments.Where(deployment => deployment.Meta.ControllerUid == Uid);
}
