using System.Security.Cryptography;
using System.Text.Json.Nodes;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Revisions;

/// <summary>The content of a ConfigMap.</summary>
/// <param name="Data">Text values.</param>
/// <param name="BinaryData">Base64 values.</param>
public sealed record ConfigMapContent(IReadOnlyDictionary<string, string> Data, IReadOnlyDictionary<string, string> BinaryData)
{
    /// <summary>SHA-256 of the content's canonical JSON, in hex: a cache of digests is small where a cache of contents is not.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(ToJson())));

    private JsonObject ToJson()
    {
        var json = new JsonObject { ["data"] = Map(Data) };
        if (BinaryData.Count > 0)
            json["binaryData"] = Map(BinaryData);
        return json;
    }

    private static JsonObject Map(IReadOnlyDictionary<string, string> values)
    {
        var map = new JsonObject();
        foreach (var (key, value) in values)
            map[key] = value;
        return map;
    }
}
