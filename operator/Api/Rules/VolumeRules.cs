using System.Text.Json.Nodes;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The volumes of a pod template. The list of types is closed: a type of a newer Kubernetes could lead to the node, to the network or to a
/// Secret, and nobody here could tell.
/// </summary>
internal static class VolumeRules
{
    /// <summary>The names of the operator's own volumes begin so.</summary>
    public const string OperatorPrefix = "agent-readiness-";

    private static readonly string[] Types =
    [
        "configMap",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];

    private static readonly string[] Members = ["name", .. Types];

    // A token stands for the service account, which the operator checks. A podCertificate is not here: its signer is the author's choice.
    private static readonly string[] Sources = ["clusterTrustBundle", "configMap", "downwardAPI", "secret", "serviceAccountToken"];

    // Without volumeName, selector, dataSource and dataSourceRef: with them a claim is another one's data.
    private static readonly string[] ClaimFields = ["accessModes", "resources", "storageClassName", "volumeMode"];

    /// <summary>Checks the volumes.</summary>
    public static void Check(JsonObject pod, PodChecks checks, FindingList findings)
    {
        foreach (var (volume, field) in TemplateJson.Items(pod, "volumes", $"{checks.Root}.spec"))
        {
            if (IsOperators(volume["name"]))
                findings.Add(checks.OperatorVolume, $"{field}.name", $"names that begin with \"{OperatorPrefix}\" are the operator's");
            foreach (var (type, value) in volume)
            {
                if (value is not null && !Members.Contains(type, StringComparer.Ordinal))
                    findings.Add(
                        checks.Volumes,
                        $"{field}.{type}",
                        $"volumes of this type are not allowed: use one of {string.Join(", ", Types)}"
                    );
            }
            foreach (var (source, at) in TemplateJson.Items(volume["projected"], "sources", $"{field}.projected"))
                CheckSource(source, at, checks, findings);
            var claim = (volume["ephemeral"] as JsonObject)?["volumeClaimTemplate"] as JsonObject;
            TemplateJson.Only(claim, $"{field}.ephemeral.volumeClaimTemplate", ["metadata", "spec"], checks.Volumes, findings);
            TemplateMetadataRules.Check(claim?["metadata"], $"{field}.ephemeral.volumeClaimTemplate.metadata", checks, findings);
            TemplateJson.Only(claim?["spec"], $"{field}.ephemeral.volumeClaimTemplate.spec", ClaimFields, checks.Volumes, findings);
        }
    }

    /// <summary>Whether a volume's name is one of the operator's.</summary>
    public static bool IsOperators(JsonNode? name) => TemplateJson.Text(name)?.StartsWith(OperatorPrefix, StringComparison.Ordinal) == true;

    private static void CheckSource(JsonObject source, string field, PodChecks checks, FindingList findings)
    {
        TemplateJson.Only(source, field, Sources, checks.Volumes, findings);
        if (TemplateJson.Text((source["serviceAccountToken"] as JsonObject)?["audience"]) == GrantProtocol.Audience)
            findings.Add(
                checks.GrantToken,
                $"{field}.serviceAccountToken.audience",
                "this audience is the guardrail's: with it the agent could grant itself money"
            );
    }
}
