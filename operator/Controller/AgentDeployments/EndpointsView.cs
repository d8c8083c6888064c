using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>Where a Service of ours sends traffic now, as the endpoints controller made it.</summary>
/// <param name="Meta">Identity; the labels are the Service's.</param>
/// <param name="Pods">Names of the pods that are ready.</param>
public sealed record EndpointsView(Meta Meta, IReadOnlyList<string> Pods)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "endpoints", "Endpoints");

    /// <summary>Makes the view.</summary>
    public static EndpointsView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            [
                .. item.Items("subsets")
                    .SelectMany(subset => subset.Items("addresses"))
                    .Select(address => address.Text("targetRef", "name"))
                    .OfType<string>(),
            ]
        );
}
