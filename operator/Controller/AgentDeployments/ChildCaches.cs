using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>The caches of the children that are applied.</summary>
public sealed class ChildCaches(
    ObjectCache<ConfigMapView> configMaps,
    ObjectCache<DeploymentView> deployments,
    ObjectCache<ServiceView> services,
    ObjectCache<DisruptionView> disruptions
)
{
    /// <summary>What the cache shows of a child, or null.</summary>
    public Meta? Get(ResourceType resource, NamespacedName key) =>
        resource.Kind switch
        {
            "Deployment" => deployments.Get(key)?.View.Meta,
            "Service" => services.Get(key)?.View.Meta,
            "PodDisruptionBudget" => disruptions.Get(key)?.View.Meta,
            _ => configMaps.Get(key)?.View.Meta,
        };
}
