using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Keys of all agents of a namespace and of all their revisions that have pods.</summary>
public sealed class KeysInUse(ObjectCache<AgentDeployment> agents, ObjectCache<DeploymentView> deployments) : IKeysInUse
{
    /// <inheritdoc/>
    public bool IsKey(string ns, string secret, bool declared) =>
        deployments.ByIndex(Registration.ByKey, $"{ns}/{secret}").Count > 0
        || (declared && agents.ByIndex(Registration.ByKey, $"{ns}/{secret}").Count > 0);
}
