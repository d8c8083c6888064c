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
