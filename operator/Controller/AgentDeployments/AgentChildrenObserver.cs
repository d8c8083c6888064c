using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Reads from the caches the objects that an agent consists of.</summary>
public sealed class AgentChildrenObserver(
    ObjectCache<ConfigMapView> configMaps,
    ObjectCache<DeploymentView> deployments,
    ObjectCache<ServiceView> services,
    ObjectCache<EndpointsView> endpoints,
    ObjectCache<PodView> pods,
    ObjectCache<DisruptionView> disruptions,
    ObjectCache<EvalRun> runs
)
{
    /// <summary>Observes the children of one agent.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="inputs">What its revision, and so the names of its Deployments, follow from.</param>
    public AgentChildren Observe(AgentDeployment agent, AgentInputs inputs)
    {
        var ns = agent.Metadata.NamespaceProperty;
        var name = agent.Metadata.Name;
        var key = $"{ns}/{name}";
        return new AgentChildren
        {
            Copies = [.. configMaps.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
            Deployments = Deployments(agent, inputs, key),
            Services = new[] { ChildNames.Service(name), ChildNames.CandidateService(name) }
                .Select(service => services.Get(new NamespacedName(ns, service))?.View)
                .OfType<ServiceView>()
                .ToDictionary(view => view.Meta.Key.Name, StringComparer.Ordinal),
            EndpointPods =
            [
                .. endpoints
                    .ByIndex(Registration.ByService, $"{ns}/{ChildNames.Service(name)}")
                    .SelectMany(entry => entry.View.Pods)
                    .Distinct(),
            ],
            Pods = [.. pods.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
            Disruption = disruptions.Get(new NamespacedName(ns, name))?.View,
            Runs = [.. runs.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View)],
        };
    }

    private List<DeploymentView> Deployments(AgentDeployment agent, AgentInputs inputs, string key)
    {
        var found = deployments.ByIndex(CacheIndexes.ByAgent, key).Select(entry => entry.View).ToList();
        if (AgentDeploymentRules.Check(agent).Count > 0)
            return found;
        // A foreign Deployment of a name that we need has no label of ours, so it is looked up by its name.
        var revision = inputs.Revision(agent.Spec);
        foreach (var needed in new[] { ChildNames.Serving(agent.Metadata.Name, revision), ChildNames.Eval(agent.Metadata.Name, revision) })
        {
            if (
                found.TrueForAll(view => view.Meta.Key.Name != needed)
                && deployments.Get(new NamespacedName(agent.Metadata.NamespaceProperty, needed)) is { } foreign
            )
                found.Add(foreign.View);
        }
        return found;
    }
}
