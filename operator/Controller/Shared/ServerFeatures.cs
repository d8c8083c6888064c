using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>What differs between the Kubernetes versions that we run on, as the server itself told it when the operator started.</summary>
/// <param name="NativeSidecars">It keeps init containers with restartPolicy Always.</param>
/// <param name="Disruptions">PodDisruptionBudgets.</param>
/// <param name="Endpoints">Where Services send traffic: EndpointSlices, or Endpoints where it has no slices.</param>
public sealed record ServerFeatures(bool NativeSidecars, ResourceType Disruptions, ResourceType Endpoints);
