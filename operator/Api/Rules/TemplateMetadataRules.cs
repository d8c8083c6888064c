using System.Text.Json.Nodes;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The metadata of a pod template. Annotations were the first spelling of what a securityContext says today, and container runtimes and
/// network plugins read theirs: those are refused whoever lists them. Of the others <see cref="TemplateAnnotations"/> says which pass.
/// </summary>
internal static class TemplateMetadataRules
{
    private static readonly string[] Members = ["annotations", "creationTimestamp", "labels", "name", "namespace"];

    // Kubernetes' own, the operator's, and those with which a pod attaches devices and networks of its node.
    private static readonly string[] ClosedDomains =
    [
        "kubernetes.io",
        "k8s.io",
        Names.Group,
        "amazonaws.com",
        "antrea.io",
        "katacontainers.io",
        "multus-cni.io",
        "noderesource.dev",
        "openshift.io",
        "ovn.org",
        "projectcalico.org",
        "spidernet.io",
        "tigera.io",
    ];

    // Whoever's domain it is: as a part of it, between dots and dashes, these are about the node.
    private static readonly string[] ClosedParts =
    [
        "apparmor",
        "calico",
        "cilium",
        "cni",
        "containerd",
        "cri",
        "crio",
        "device",
        "devices",
        "gvisor",
        "hugepages",
        "kata",
        "multus",
        "nri",
        "nvidia",
        "runtime",
        "runtimes",
        "seccomp",
        "selinux",
        "sriov",
        "sysctl",
        "sysctls",
    ];

    /// <summary>Checks the metadata of a template, or of a claim in it.</summary>
    public static void Check(JsonNode? metadata, string field, PodChecks checks, FindingList findings)
    {
        TemplateJson.Only(metadata, field, Members, checks.Fields, findings);
        foreach (var (label, _) in (metadata as JsonObject)?["labels"] as JsonObject ?? [])
        {
            if (IsOf(Domain(label), Names.Group))
                findings.Add(
                    checks.Fields,
                    $"{field}.labels[{label}]",
                    $"labels of {Names.Group} are the operator's: by them it knows its pods; choose another name"
                );
        }
        foreach (var (annotation, value) in (metadata as JsonObject)?["annotations"] as JsonObject ?? [])
        {
            if (!IsAllowed(annotation, TemplateJson.Text(value)))
                findings.Add(
                    checks.Fields,
                    $"{field}.annotations[{annotation}]",
                    "may change what the node gives to the pod: remove it. Of the annotations of Kubernetes, of container runtimes and of "
                        + $"network plugins only these may be set: {string.Join(", ", TemplateAnnotations.OfKubernetes)}"
                );
        }
    }

    // What is neither known as harmless nor about the node is asked of the platform team's list, which only the operator knows.
    private static bool IsAllowed(string annotation, string? value)
    {
        var domain = Domain(annotation);
        return TemplateAnnotations.IsHarmless(annotation, value)
            || (
                domain.Length > 0
                && !(Array.Exists(ClosedDomains, closed => IsOf(domain, closed)) || HasClosedPart(domain) || IsBackwards(domain))
            );
    }

    private static bool HasClosedPart(string domain) =>
        domain.Split('.', '-').Any(part => ClosedParts.Contains(part, StringComparer.OrdinalIgnoreCase));

    private static string Domain(string key) => key.Split('/') is [var domain, _] ? domain : string.Empty;

    private static bool IsOf(string domain, string parent) =>
        domain.Equals(parent, StringComparison.OrdinalIgnoreCase) || domain.EndsWith($".{parent}", StringComparison.OrdinalIgnoreCase);

    private static bool IsBackwards(string domain) =>
        Array.Exists(
            ["io.", "com.", "dev.", "net.", "org.", "run."],
            start => domain.StartsWith(start, StringComparison.OrdinalIgnoreCase)
        );
}
