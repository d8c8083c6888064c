using System.Text.Json.Nodes;

namespace AgentReadiness.Controller.Lending;

/// <summary>PersistentVolumeClaims that a pod template names. Claims that a pod makes for itself (ephemeral) are not among them.</summary>
internal static class ClaimReferences
{
    /// <summary>The field and the claim's name, in the order of the volumes.</summary>
    public static IReadOnlyList<(string Field, string Name)> Find(JsonObject template, string root = "spec.template") =>
        [
            .. ((template["spec"] as JsonObject)?["volumes"] as JsonArray ?? [])
                .Select((volume, index) => ($"{root}.spec.volumes[{index}].persistentVolumeClaim", Name: Claim(volume)))
                .Where(claim => claim.Name is not null)
                .Select(claim => (claim.Item1, claim.Name!)),
        ];

    private static string? Claim(JsonNode? volume) =>
        ((volume as JsonObject)?["persistentVolumeClaim"] as JsonObject)?["claimName"] is JsonValue value
        && value.TryGetValue<string>(out var name)
            ? name
            : null;
}
