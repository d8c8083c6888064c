using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Where a Service of ours sends traffic now, or a part of that, as a controller of Kubernetes made it.</summary>
/// <param name="Meta">Identity; the labels are the Service's.</param>
/// <param name="Service">The Service's name.</param>
/// <param name="Pods">Names of the pods that are ready.</param>
public sealed record EndpointsView(Meta Meta, string Service, IReadOnlyList<string> Pods)
{
    private const string Group = "discovery.k8s.io";
    private const string ServiceLabel = "kubernetes.io/service-name";

    /// <summary>Endpoints: deprecated since Kubernetes 1.33, and cut off at 1,000 addresses; for servers without slices.</summary>
    public static readonly ResourceType Endpoints = new(string.Empty, "v1", "endpoints", "Endpoints");

    /// <summary>EndpointSlices in a version of their group. A Service may have several.</summary>
    public static ResourceType Slices(string version) => new(Group, version, "endpointslices", "EndpointSlice");

    /// <summary>What makes a view of an object of a resource.</summary>
    public static Func<JsonElement, EndpointsView> Reader(ResourceType resource) => resource.Group == Group ? OfSlice : OfEndpoints;

    /// <summary>"namespace/service".</summary>
    public string ServiceKey => $"{Meta.Key.Namespace}/{Service}";

    private static EndpointsView OfEndpoints(JsonElement item)
    {
        var meta = Meta.Of(item);
        return new EndpointsView(
            meta,
            meta.Key.Name,
            [
                .. item.Items("subsets")
                    .SelectMany(subset => subset.Items("addresses"))
                    .Select(address => address.Text("targetRef", "name"))
                    .OfType<string>(),
            ]
        );
    }

    private static EndpointsView OfSlice(JsonElement item)
    {
        var meta = Meta.Of(item);
        return new EndpointsView(
            meta,
            item.Text("metadata", "labels", ServiceLabel) ?? string.Empty,
            [
                .. item.Items("endpoints")
                    // Absent means unknown, which consumers are to take for ready.
                    .Where(endpoint => endpoint.At("conditions", "ready") is null || endpoint.Bool("conditions", "ready"))
                    .Select(endpoint => endpoint.Text("targetRef", "name"))
                    .OfType<string>(),
            ]
        );
    }
}
