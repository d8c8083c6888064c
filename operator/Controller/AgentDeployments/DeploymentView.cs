using System.Text.Json;
using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.AgentDeployments;

/// <summary>A Deployment of ours.</summary>
/// <param name="Meta">Identity.</param>
/// <param name="Pods">How many pods it wants and has.</param>
/// <param name="Observed">The controller has seen the current generation.</param>
/// <param name="Fault">The message of a ReplicaFailure condition: quota, admission.</param>
/// <param name="GuardrailImage">The guardrail's image in its template.</param>
/// <param name="ForeignManagers">Field managers, other than the operator, that own a part of its spec.</param>
/// <param name="ConfigDigests">From the name of each ConfigMap copy that its pods mount to the digest of the content.</param>
public sealed record DeploymentView(
    Meta Meta,
    PodCounts Pods,
    bool Observed,
    string? Fault,
    string? GuardrailImage,
    IReadOnlyList<string> ForeignManagers,
    IReadOnlyDictionary<string, string> ConfigDigests
)
{
    /// <summary>Its guardrail is an init container that goes on.</summary>
    public bool NativeSidecar { get; init; }

    /// <summary>Somebody else owns a part of its template.</summary>
    public bool HasForeignTemplate { get; init; }

    /// <summary>The keys that its guardrail mounts, each as <see cref="GuardrailSidecar.KeyOf"/> writes it.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>
    /// Its template says nothing of the token of its service account: version 1 of what is put in left that to the cluster.
    /// </summary>
    public bool LeavesToken { get; init; }

    /// <summary>The resource.</summary>
    public static readonly ResourceType Resource = new("apps", "v1", "deployments", "Deployment");

    /// <summary>Makes the view.</summary>
    public static DeploymentView Of(JsonElement item) =>
        new(
            Meta.Of(item),
            PodCounts.Of(item),
            (item.Long("status", "observedGeneration") ?? 0) >= (item.Long("metadata", "generation") ?? 0),
            item.Items("status", "conditions")
                .Where(condition => condition.Text("type") == "ReplicaFailure" && condition.Text("status") == "True")
                .Select(condition => condition.Text("message"))
                .FirstOrDefault(),
            item.Items("spec", "template", "spec", "initContainers")
                .Concat(item.Items("spec", "template", "spec", "containers"))
                .Where(container => container.Text("name") == Names.GuardrailContainer)
                .Select(container => container.Text("image"))
                .FirstOrDefault(),
            [
                .. item.Items("metadata", "managedFields")
                    .Where(entry => entry.Text("manager") != Names.Operator && entry.At("fieldsV1", "f:spec") is not null)
                    .Select(entry => TextPool.Of(entry.Text("manager") ?? "unknown"))
                    .Distinct(),
            ],
            Digests(item.Text("metadata", "annotations", Names.ConfigDigestsAnnotation))
        )
        {
            Keys =
            [
                .. item.Items("spec", "template", "spec", "volumes")
                    .Select(volume => GuardrailSidecar.KeyOf(volume.Text("name"), volume.Text("secret", "secretName")))
                    .OfType<string>()
                    .Select(TextPool.Of),
            ],
            LeavesToken = item.At("spec", "template", "spec", "automountServiceAccountToken") is null,
            NativeSidecar = item.Items("spec", "template", "spec", "initContainers")
                .Any(container => container.Text("name") == Names.GuardrailContainer),
            HasForeignTemplate = item.Items("metadata", "managedFields")
                .Any(entry => entry.Text("manager") != Names.Operator && entry.At("fieldsV1", "f:spec", "f:template") is not null),
        };

    private static IReadOnlyDictionary<string, string> Digests(string? annotation)
    {
        if (annotation is null)
            return Json.EmptyMap;
        try
        {
            using var map = JsonDocument.Parse(annotation);
            return map
                .RootElement.EnumerateObject()
                .ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? string.Empty, StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Somebody wrote into it; the next apply of the declared revision sets it back.
            return Json.EmptyMap;
        }
    }

    /// <summary>The revision that it runs.</summary>
    public Revision? Revision => Meta.Revision;

    /// <summary>Its track.</summary>
    public Track? Track => Meta.Track;

    /// <summary>True when as many pods as wanted run the current template and are available, and no other pods are left.</summary>
    public bool IsWhole(int wanted) => Observed && Pods.AreWhole(wanted);
}
