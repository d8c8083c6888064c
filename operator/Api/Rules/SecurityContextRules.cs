using System.Text.Json.Nodes;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>
/// The securityContext of a pod and of its containers, as strict as Pod Security "baseline" and stricter where a field gives rights on the
/// node. Both lists of fields are closed.
/// </summary>
internal static class SecurityContextRules
{
    /// <summary>
    /// Capabilities that a container may add, in this spelling alone. All of them are among those that a container has where it drops none;
    /// MKNOD and NET_RAW of these are not here.
    /// </summary>
    public static IReadOnlyList<string> Capabilities { get; } =
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];

    private static readonly string[] Both =
    [
        "appArmorProfile",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "seLinuxOptions",
        "seccompProfile",
    ];

    private static readonly string[] OfPods =
    [
        .. Both,
        "fsGroup",
        "fsGroupChangePolicy",
        "seLinuxChangePolicy",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "sysctls",
    ];

    private static readonly string[] OfContainers =
    [
        .. Both,
        "allowPrivilegeEscalation",
        "capabilities",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
    ];

    // Those that Kubernetes itself calls safe: each belongs to the pod's own namespaces.
    private static readonly string[] Sysctls =
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_syncookies",
    ];

    private static readonly string[] Profiles = ["RuntimeDefault", "Localhost"];
    private static readonly string[] SelinuxTypes = ["container_t", "container_init_t", "container_kvm_t"];

    /// <summary>Checks that of a pod.</summary>
    public static void CheckPod(JsonNode? context, string field, PodChecks checks, FindingList findings)
    {
        TemplateJson.Only(context, field, OfPods, checks.SecurityContext, findings);
        CheckBoth(context, field, checks, findings);
        foreach (var (sysctl, at) in TemplateJson.Items(context, "sysctls", field))
        {
            if (TemplateJson.Text(sysctl["name"]) is not { } name || !Sysctls.Contains(name, StringComparer.Ordinal))
                findings.Add(checks.SecurityContext, $"{at}.name", $"must be one of {string.Join(", ", Sysctls)}");
        }
    }

    /// <summary>Checks that of a container.</summary>
    public static void CheckContainer(JsonNode? context, string field, PodChecks checks, FindingList findings)
    {
        TemplateJson.Only(context, field, OfContainers, checks.SecurityContext, findings);
        CheckBoth(context, field, checks, findings);
        var fields = context as JsonObject ?? [];
        foreach (var flag in (string[])["privileged", "allowPrivilegeEscalation"])
        {
            if (!TemplateJson.IsOff(fields[flag]))
                findings.Add(checks.Privileged, $"{field}.{flag}", "must not be true: the container could get rights of the node");
        }
        Value(fields["procMount"], $"{field}.procMount", ["Default"], checks, findings);
        TemplateJson.Only(fields["capabilities"], $"{field}.capabilities", ["add", "drop"], checks.Capabilities, findings);
        var added = (fields["capabilities"] as JsonObject)?["add"] as JsonArray ?? [];
        for (var i = 0; i < added.Count; i++)
        {
            if (TemplateJson.Text(added[i]) is not { } name || !Capabilities.Contains(name, StringComparer.Ordinal))
                findings.Add(
                    checks.Capabilities,
                    $"{field}.capabilities.add[{i}]",
                    $"{added[i]?.ToJsonString() ?? "null"} may not be added: only {string.Join(", ", Capabilities)} may, in this spelling"
                );
        }
    }

    private static void CheckBoth(JsonNode? context, string field, PodChecks checks, FindingList findings)
    {
        var fields = context as JsonObject ?? [];
        foreach (var name in (string[])["seccompProfile", "appArmorProfile"])
        {
            TemplateJson.Only(fields[name], $"{field}.{name}", ["type", "localhostProfile"], checks.SecurityContext, findings);
            if (fields[name] is JsonObject profile)
                Value(profile["type"], $"{field}.{name}.type", Profiles, checks, findings);
        }
        TemplateJson.Only(fields["seLinuxOptions"], $"{field}.seLinuxOptions", ["level", "type"], checks.SecurityContext, findings);
        Value((fields["seLinuxOptions"] as JsonObject)?["type"], $"{field}.seLinuxOptions.type", SelinuxTypes, checks, findings);
    }

    private static void Value(JsonNode? node, string field, string[] allowed, PodChecks checks, FindingList findings)
    {
        if (node is not null && (TemplateJson.Text(node) is not { } text || !allowed.Contains(text, StringComparer.Ordinal)))
            findings.Add(checks.SecurityContext, field, $"must be {string.Join(" or ", allowed)}");
    }
}
