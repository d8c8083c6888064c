using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Lending;

/// <summary>A PersistentVolumeClaim.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="AccessModes">spec.accessModes.</param>
public sealed record ClaimView(Meta Meta, IReadOnlyList<string> AccessModes)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "persistentvolumeclaims", "PersistentVolumeClaim");

    /// <summary>Makes the view.</summary>
    public static ClaimView Of(JsonElement item) =>
        new(Meta.Of(item), [.. item.Items("spec", "accessModes").Select(mode => TextPool.Of(mode.GetString() ?? string.Empty))]);
}
