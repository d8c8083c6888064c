using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Keys of all agents of a namespace, of all their revisions that have pods, and of the judges of its suites.</summary>
public sealed class KeysInUse(ObjectCache<AgentDeployment> agents, ObjectCache<EvalSuite> suites, ObjectCache<DeploymentView> deployments)
    : IKeysInUse
{
    /// <inheritdoc/>
    public bool IsKey(string ns, string secret, bool declared) =>
        deployments.ByIndex(Registration.ByKey, $"{ns}/{secret}").Count > 0
        || (
            declared
            && (
                agents.ByIndex(Registration.ByKey, $"{ns}/{secret}").Count > 0
                || suites.ByIndex(EvalSuites.Registration.ByKey, $"{ns}/{secret}").Count > 0
            )
        );
}
