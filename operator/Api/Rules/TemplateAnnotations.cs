using System.Text.Json.Nodes;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The annotations of a pod template and of the claims in it. Meshes, injectors of secrets, network plugins and container runtimes read
/// annotations with rights of their own: one of Istio's mounts a path of the node. So an annotation needs to be known as harmless, or the
/// platform team lists it.
/// </summary>
public static class TemplateAnnotations
{
    private static readonly string[] Harmless =
    [
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes",
        "controller.kubernetes.io/pod-deletion-cost",
        "kubectl.kubernetes.io/default-container",
        "kubectl.kubernetes.io/default-logs-container",
        "kubectl.kubernetes.io/restartedAt",
        "kubernetes.io/egress-bandwidth",
        "kubernetes.io/ingress-bandwidth",
    ];

    // Nobody but people, a chart's own templates and Prometheus reads these.
    private static readonly string[] HarmlessDomains = ["app.kubernetes.io", "checksum", "prometheus.io"];

    // Where their value is "runtime/default" they say what holds anyway.
    private static readonly string[] Profiles =
    [
        "container.apparmor.security.beta.kubernetes.io",
        "container.seccomp.security.alpha.kubernetes.io",
        "seccomp.security.alpha.kubernetes.io",
    ];

    /// <summary>The annotations of Kubernetes that templates may always have.</summary>
    public static IReadOnlyList<string> OfKubernetes => Harmless;

    /// <summary>Every annotation of a template, with its field and its value; null where that is no text.</summary>
    /// <param name="template">The template, as JSON of anybody.</param>
    /// <param name="root">Its path.</param>
    public static IEnumerable<(string Field, string Name, string? Value)> Find(JsonObject template, string root)
    {
        foreach (var found in Of(template["metadata"], $"{root}.metadata"))
            yield return found;
        var volumes = (template["spec"] as JsonObject)?["volumes"] as JsonArray ?? [];
        for (var i = 0; i < volumes.Count; i++)
        {
            var claim = ((volumes[i] as JsonObject)?["ephemeral"] as JsonObject)?["volumeClaimTemplate"] as JsonObject;
            foreach (var found in Of(claim?["metadata"], $"{root}.spec.volumes[{i}].ephemeral.volumeClaimTemplate.metadata"))
                yield return found;
        }
    }

    /// <summary>Whether an annotation is known as harmless: a closed list.</summary>
    /// <param name="name">Its key.</param>
    /// <param name="value">Its value.</param>
    public static bool IsHarmless(string name, string? value) =>
        name.Split('/') switch
        {
            // Container runtimes take names such as "io.kubernetes.cri-o.Devices": domains backwards, without a slash.
            [var plain] => !plain.Contains('.', StringComparison.Ordinal),
            [var domain, _] => Harmless.Contains(name, StringComparer.Ordinal)
                || HarmlessDomains.Contains(domain, StringComparer.Ordinal)
                || (Profiles.Contains(domain, StringComparer.Ordinal) && value == "runtime/default"),
            _ => false,
        };

    /// <summary>Whether a list of the platform team's has an annotation: by its whole key, or by "domain/*".</summary>
    /// <param name="allowed">The list.</param>
    /// <param name="name">The annotation's key.</param>
    public static bool IsListed(IEnumerable<string> allowed, string name) =>
        allowed.Any(entry =>
            entry == name || (entry.EndsWith("/*", StringComparison.Ordinal) && name.StartsWith(entry[..^1], StringComparison.Ordinal))
        );

    private static IEnumerable<(string Field, string Name, string? Value)> Of(JsonNode? metadata, string field)
    {
        foreach (var (name, value) in (metadata as JsonObject)?["annotations"] as JsonObject ?? [])
            yield return ($"{field}.annotations[{name}]", name, TemplateJson.Text(value));
    }
}
