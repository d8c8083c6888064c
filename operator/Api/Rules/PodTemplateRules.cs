using System.Text.Json.Nodes;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// What the author of a pod template may have from a node, for agents and for the Jobs of suites: lists of what may be set, so that whoever
/// may write these objects gets less than whoever may create pods. What only the cluster can tell (service accounts, Secrets, claims) is
/// checked by the operator. Fields of a pod or container that are not known here pass: docs/decisions/0021-what-an-author-may-write.md.
/// </summary>
internal static class PodTemplateRules
{
    // Absent or false, or empty.
    private static readonly string[] Namespaces = ["hostNetwork", "hostPID", "hostIPC", "hostUsers"];

    private static readonly (string Name, string Why)[] Refused =
    [
        ("nodeName", "goes around the scheduler: use nodeSelector or affinity"),
        ("ephemeralContainers", "are for running pods and not for templates: remove them"),
        ("resourceClaims", "give devices of the node: ask for them by resources.limits, as device plugins do"),
    ];

    private static readonly string[] KnownOfPods =
    [
        .. Namespaces,
        .. Refused.Select(field => field.Name),
        "automountServiceAccountToken",
        "containers",
        "dnsConfig",
        "dnsPolicy",
        "hostAliases",
        "hostname",
        "hostnameOverride",
        "imagePullSecrets",
        "initContainers",
        "os",
        "priorityClassName",
        "runtimeClassName",
        "securityContext",
        "serviceAccount",
        "serviceAccountName",
        "setHostnameAsFQDN",
        "shareProcessNamespace",
        "subdomain",
        "volumes",
    ];

    private static readonly string[] KnownOfContainers =
    [
        "env",
        "envFrom",
        "lifecycle",
        "livenessProbe",
        "name",
        "ports",
        "readinessProbe",
        "resources",
        "securityContext",
        "startupProbe",
        "volumeDevices",
        "volumeMounts",
    ];

    /// <summary>Checks a template that has a pod.</summary>
    public static void Check(JsonObject template, JsonObject pod, PodChecks checks, FindingList findings)
    {
        var field = $"{checks.Root}.spec";
        TemplateMetadataRules.Check(template["metadata"], $"{checks.Root}.metadata", checks, findings);
        TemplateJson.Spelling(pod, field, KnownOfPods, checks.Fields, findings);
        foreach (var flag in Namespaces)
        {
            if (!TemplateJson.IsOff(pod[flag]))
                findings.Add(checks.Namespaces, $"{field}.{flag}", "must not be true: the pod keeps to namespaces of its own");
        }
        foreach (var (name, why) in Refused)
        {
            if (pod[name] is not null and not JsonArray { Count: 0 })
                findings.Add(checks.Node, $"{field}.{name}", $"is not allowed: it {why}");
        }
        if (pod["os"] is JsonObject os && TemplateJson.Text(os["name"]) != "linux")
            findings.Add(checks.Node, $"{field}.os.name", "must be linux: the guardrail and the reporter run there only");
        SecurityContextRules.CheckPod(pod["securityContext"], $"{field}.securityContext", checks, findings);
        VolumeRules.Check(pod, checks, findings);
        foreach (var (container, at) in TemplateJson.Containers(pod, field))
            CheckContainer(container, at, checks, findings);
    }

    private static void CheckContainer(JsonObject container, string field, PodChecks checks, FindingList findings)
    {
        TemplateJson.Spelling(container, field, KnownOfContainers, checks.Fields, findings);
        SecurityContextRules.CheckContainer(container["securityContext"], $"{field}.securityContext", checks, findings);
        foreach (var (port, at) in TemplateJson.Items(container, "ports", field))
        {
            TemplateJson.Spelling(port, at, ["hostPort", "hostIP"], checks.Fields, findings);
            if (port["hostPort"] is { } number && !(number is JsonValue value && value.TryGetValue<int>(out var host) && host == 0))
                findings.Add(checks.Node, $"{at}.hostPort", "must not be set: callers reach the pod through its Service");
            if (port["hostIP"] is { } address && TemplateJson.Text(address) != string.Empty)
                findings.Add(checks.Node, $"{at}.hostIP", "must not be set: callers reach the pod through its Service");
        }
        foreach (var (mount, at) in TemplateJson.Items(container, "volumeMounts", field))
        {
            if (mount["mountPropagation"] is { } way && TemplateJson.Text(way) is not ("None" or "HostToContainer"))
                findings.Add(checks.Node, $"{at}.mountPropagation", "must be None or HostToContainer");
        }
        if ((container["resources"] as JsonObject)?["claims"] is not null and not JsonArray { Count: 0 })
            findings.Add(checks.Node, $"{field}.resources.claims", "is not allowed: ask for devices by resources.limits");
        foreach (var probe in (string[])["livenessProbe", "readinessProbe", "startupProbe"])
            CheckHost(container[probe], $"{field}.{probe}", checks, findings);
        foreach (var hook in (string[])["postStart", "preStop"])
            CheckHost((container["lifecycle"] as JsonObject)?[hook], $"{field}.lifecycle.{hook}", checks, findings);
        CheckVariables(container, field, checks, findings);
    }

    // The kubelet sends these requests from the node, to wherever the host says.
    private static void CheckHost(JsonNode? handler, string field, PodChecks checks, FindingList findings)
    {
        foreach (var kind in (string[])["httpGet", "tcpSocket"])
        {
            if (((handler as JsonObject)?[kind] as JsonObject)?["host"] is { } host && TemplateJson.Text(host) != string.Empty)
                findings.Add(checks.Node, $"{field}.{kind}.host", "must not be set: the kubelet asks the pod itself then");
        }
    }

    // A source that is not known could be another way to a Secret.
    private static void CheckVariables(JsonObject container, string field, PodChecks checks, FindingList findings)
    {
        foreach (var (source, at) in TemplateJson.Items(container, "envFrom", field))
            TemplateJson.Only(source, at, ["prefix", "configMapRef", "secretRef"], checks.Fields, findings);
        foreach (var (variable, at) in TemplateJson.Items(container, "env", field))
        {
            TemplateJson.Only(
                variable["valueFrom"],
                $"{at}.valueFrom",
                ["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"],
                checks.Fields,
                findings
            );
            if (VolumeRules.IsOperators(((variable["valueFrom"] as JsonObject)?["fileKeyRef"] as JsonObject)?["volumeName"]))
                findings.Add(
                    checks.OperatorVolume,
                    $"{at}.valueFrom.fileKeyRef.volumeName",
                    "only the guardrail may read the operator's volumes: its keys, its token and its journal"
                );
        }
    }
}
