using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Reads everything that a decision may depend on from the caches, at one moment.</summary>
public sealed class AgentObserver(
    AgentInputsObserver inputs,
    AgentChildrenObserver children,
    AgentFundsObserver funds,
    GrantCertificates certificates,
    OperatorEnvironment environment,
    TimeProvider time
)
{
    /// <summary>Reads what the caches leave out; before <see cref="Observe"/>.</summary>
    /// <exception cref="Runtime.KubernetesApiException">The API server refused to answer.</exception>
    public Task ReadAsync(AgentDeployment agent, CancellationToken cancellationToken) => inputs.ReadAsync(agent, cancellationToken);

    /// <summary>Observes one agent.</summary>
    public AgentObservation Observe(AgentDeployment agent)
    {
        var seen = inputs.Observe(agent);
        return new AgentObservation(
            agent,
            seen,
            children.Observe(agent, seen),
            funds.Observe(agent),
            environment with
            {
                GrantsCa = certificates.Bundle!,
            },
            time.GetUtcNow()
        );
    }
}
