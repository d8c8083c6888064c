using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.EvalSuites;
using AgentReadiness.Controller.Lending;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Reads from the caches what others made and what an agent depends on.</summary>
public sealed class AgentInputsObserver(
    SuiteObserver suites,
    ConfigMapStore configMaps,
    ObjectCache<ClaimView> claims,
    ObjectCache<ReadinessException> exceptions,
    ObjectCache<ServiceView> services,
    LentObserver lent
)
{
    /// <summary>Reads the content of the ConfigMaps that an agent and its suites refer to, as far as it has changed.</summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public Task ReadAsync(AgentDeployment agent, CancellationToken cancellationToken)
    {
        var ns = agent.Metadata.NamespaceProperty;
        return configMaps.ReadAsync(
            ConfigMapReferences
                .Find(agent.Spec.Template)
                .Select(reference => new NamespacedName(ns, reference.Name))
                .Concat(agent.Spec.Evals.SelectMany(eval => suites.Cases(eval.Suite.Namespace ?? ns, eval.Suite.Name))),
            cancellationToken
        );
    }

    /// <summary>Observes the inputs of one agent.</summary>
    public AgentInputs Observe(AgentDeployment agent)
    {
        var ns = agent.Metadata.NamespaceProperty;
        return new AgentInputs
        {
            ConfigMaps = ConfigMapReferences
                .Find(agent.Spec.Template)
                .Select(reference => configMaps.Get(new NamespacedName(ns, reference.Name)))
                .OfType<ConfigMapView>()
                .ToDictionary(view => view.Meta.Key.Name, StringComparer.Ordinal),
            Claims = ClaimReferences
                .Find(agent.Spec.Template)
                .Select(claim => claims.Get(new NamespacedName(ns, claim.Name))?.View)
                .OfType<ClaimView>()
                .DistinctBy(view => view.Meta.Key)
                .ToDictionary(view => view.Meta.Key.Name, view => view.AccessModes, StringComparer.Ordinal),
            Suites = [.. agent.Spec.Evals.Select(eval => suites.Observe(eval.Suite.Namespace ?? ns, eval.Suite.Name))],
            Exceptions = [.. exceptions.ByIndex(CacheIndexes.ByAgent, $"{ns}/{agent.Metadata.Name}").Select(entry => entry.View)],
            Lent = lent.Observe(ns, agent.Spec.Template, KeyUses.Find(agent.Spec)),
            ForeignServices = [.. services.ByIndex(Registration.Foreign, ns).Select(entry => entry.View)],
        };
    }
}
