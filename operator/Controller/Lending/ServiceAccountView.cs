using System.Text.Json;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Lending;

/// <summary>What the metadata of a ServiceAccount says.</summary>
/// <param name="Meta">Identity.</param>
public sealed record ServiceAccountView(Meta Meta)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "serviceaccounts", "ServiceAccount");

    /// <summary>Makes the view.</summary>
    public static ServiceAccountView Of(JsonElement item) => new(Meta.Of(item));
}
