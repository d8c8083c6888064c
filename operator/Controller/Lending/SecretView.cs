using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Lending;

/// <summary>What the metadata of a Secret says. Nothing else of it is asked for.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Hosts">The annotation with the hosts that its keys may be sent to; null: it holds no key.</param>
public sealed record SecretView(Meta Meta, string? Hosts)
{
    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "secrets", "Secret");

    /// <summary>Makes the view.</summary>
    public static SecretView Of(JsonElement item) => new(Meta.Of(item), item.Text("metadata", "annotations", Names.HostsAnnotation));
}
