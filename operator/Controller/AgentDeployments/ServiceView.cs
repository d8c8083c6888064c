using System.Text.Json;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A Service.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Selector">spec.selector.</param>
public sealed record ServiceView(Meta Meta, IReadOnlyDictionary<string, string> Selector)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "services", "Service");

    /// <summary>Makes the view.</summary>
    public static ServiceView Of(JsonElement item) => new(Meta.Of(item), item.Map("spec", "selector"));

    /// <summary>It was made by others and may select pods. Known by its owner, not by a label, which anybody may write.</summary>
    public bool IsForeign => Selector.Count > 0 && Meta.Controller?.Kind != AgentDeployment.EntityKind;
}
