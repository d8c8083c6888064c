using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>A ConfigMap: what it is and what its content hashes to, not the content.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Digest">See <see cref="ConfigMapContent.Digest"/>.</param>
/// <param name="PricesDigest">Digest of its file of prices, where it has one: so guardrails' configurations are known by what they
/// cost.</param>
/// <param name="Prices">The file itself, of the ConfigMap that the operator keeps the last good prices in.</param>
public sealed record ConfigMapView(Meta Meta, string Digest, string? PricesDigest = null, string? Prices = null)
{
    private static readonly string CaFile = Path.GetFileName(GuardrailPaths.CaFile);

    /// <summary>
    /// Digest of its file of CA certificates, where it has one and is the operator's: so it is known what guardrails trust.
    /// </summary>
    public string? CaDigest { get; init; }

    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new(string.Empty, "v1", "configmaps", "ConfigMap");

    /// <summary>Makes the view.</summary>
    public static ConfigMapView Of(JsonElement item) => Of(item, null);

    /// <summary>Makes the view.</summary>
    /// <param name="item">The object.</param>
    /// <param name="prices">The ConfigMap whose prices are kept.</param>
    public static ConfigMapView Of(JsonElement item, NamespacedName? prices)
    {
        var meta = Meta.Of(item);
        var file = item.Text("data", GuardrailPrices.Key);
        // Interned: all guardrails have the same one.
        return new(
            meta,
            Content(item).Digest(),
            file is null ? null : TextPool.Of(GuardrailPrices.DigestOf(file)),
            meta.Key == prices ? file : null
        )
        {
            CaDigest =
                meta.Label(Names.ManagedByLabel) == Names.Operator && item.Text("data", CaFile) is { } ca
                    ? TextPool.Of(TrustBundle.DigestOf(ca))
                    : null,
        };
    }

    /// <summary>The content of a ConfigMap.</summary>
    public static ConfigMapContent Content(JsonElement item) => new(Values(item, "data"), Values(item, "binaryData"));

    private static Dictionary<string, string> Values(JsonElement item, string name) =>
        item.At(name) is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? string.Empty, StringComparer.Ordinal)
            : [];
}
