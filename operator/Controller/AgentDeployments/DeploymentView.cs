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
    /// <summary>The operator's resources for its guardrail when it was made.</summary>
    public ContainerResources GuardrailResources { get; init; } = ContainerResources.Guardrail;

    /// <summary>The keys that its guardrail mounts, each as <see cref="GuardrailSidecar.KeyOf"/> writes it.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>
    /// Its template says nothing of the token of its service account: so it is with Deployments of operators that left that to the cluster.
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
            GuardrailResources = Resources(item.Text("metadata", "annotations", Names.GuardrailResourcesAnnotation)),
        };

    private static ContainerResources Resources(string? annotation)
    {
        try
        {
            return annotation is null ? ContainerResources.Guardrail : ContainerResources.Parse(annotation);
        }
        catch (FormatException)
        {
            // Somebody wrote into it.
            return ContainerResources.Guardrail;
        }
    }

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
