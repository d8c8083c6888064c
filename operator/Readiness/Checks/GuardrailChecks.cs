namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Guardrail: the guardrail stands before every call and cannot be gone around.</summary>
public static class GuardrailChecks
{
    /// <summary>The agent shares no namespace of the node or of the pod in which it could reach the guardrail's key.</summary>
    public static Check HostNamespaces { get; } =
        new(
            "GRD-001",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "The agent shares no namespace of the node or of the pod in which it could reach the guardrail's key.",
            "Remove hostNetwork, hostPID, hostIPC, hostUsers and shareProcessNamespace, or set them to false."
        );

    /// <summary>Only the guardrail has the provider's key: no container mounts it or reads it into a variable.</summary>
    public static Check ProviderKey { get; } =
        new(
            "GRD-002",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Only the guardrail has the provider's key: no container mounts it or reads it into a variable.",
            "Remove the reference to the Secret; the SDK needs no key, because the guardrail adds it."
        );

    /// <summary>Only the guardrail has a token with which the operator grants money.</summary>
    public static Check GrantToken { get; } =
        new(
            "GRD-003",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Only the guardrail has a token with which the operator grants money.",
            "Choose another audience for the token, or remove it."
        );

    /// <summary>The agent mounts no volume of the operator: keys, token and journal stay with the guardrail.</summary>
    public static Check OperatorVolume { get; } =
        new(
            "GRD-004",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "The agent mounts no volume of the operator: keys, token and journal stay with the guardrail.",
            "Choose names that do not begin with \"agent-readiness-\"."
        );

    /// <summary>The agent does not run as the guardrail's user, who can read the key and the journal.</summary>
    public static Check GuardrailUser { get; } =
        new(
            "GRD-005",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "The agent does not run as the guardrail's user, who can read the key and the journal.",
            "Choose another runAsUser."
        );

    /// <summary>No container is privileged or may become so.</summary>
    public static Check Privileged { get; } =
        new(
            "GRD-006",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "No container is privileged or may become so.",
            "Remove privileged and allowPrivilegeEscalation, or set them to false."
        );

    /// <summary>No container adds a capability that is not listed, in the list's spelling.</summary>
    public static Check Capabilities { get; } =
        new(
            "GRD-007",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "No container adds a capability that is not listed, in the list's spelling.",
            "Remove the capability; NET_BIND_SERVICE and those that containers have by default may be added."
        );

    /// <summary>The container of the guardrail is the operator's own.</summary>
    public static Check GuardrailContainer { get; } =
        new(
            "GRD-008",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "The container of the guardrail is the operator's own.",
            "Choose another name for the container."
        );

    /// <summary>The SDK finds the guardrail: nothing sets the variables that lead it there.</summary>
    public static Check ReservedVariable { get; } =
        new(
            "GRD-009",
            Part.Guardrail,
            Severity.High,
            Evidence.Rule,
            "The SDK finds the guardrail: nothing sets the variables that lead it there.",
            "Remove the variable; the operator sets it."
        );

    /// <summary>Every upstream has a name of its own, which is a part of the path that the agent calls.</summary>
    public static Check UpstreamName { get; } =
        new(
            "GRD-010",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "Every upstream has a name of its own, which is a part of the path that the agent calls.",
            "Choose a DNS label that no other upstream has."
        );

    /// <summary>The guardrail can reach the upstream by its URL, and the URL holds no credentials.</summary>
    public static Check UpstreamUrl { get; } =
        new(
            "GRD-011",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "The guardrail can reach the upstream by its URL, and the URL holds no credentials.",
            "Write an http or https URL without user, query or fragment."
        );

    /// <summary>The certificate authority of an upstream can be found.</summary>
    public static Check UpstreamAuthority { get; } =
        new(
            "GRD-012",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "The certificate authority of an upstream can be found.",
            "Name a ConfigMap and a key in it."
        );

    /// <summary>The proxy before an upstream can be reached, and its URL holds no credentials.</summary>
    public static Check UpstreamProxy { get; } =
        new(
            "GRD-013",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "The proxy before an upstream can be reached, and its URL holds no credentials.",
            "Write an http URL without user."
        );

    /// <summary>The key of an upstream can be found.</summary>
    public static Check UpstreamCredentials { get; } =
        new(
            "GRD-014",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "The key of an upstream can be found.",
            "Name a Secret and a key in it."
        );

    /// <summary>The provider's key is not sent in the clear.</summary>
    public static Check KeyInTheClear { get; } =
        new(
            "GRD-015",
            Part.Guardrail,
            Severity.High,
            Evidence.Rule,
            "The provider's key is not sent in the clear, where a container of the pod or the network could read it.",
            "Use https; for a Service of the cluster set insecure: true."
        );

    /// <summary>Origins whose pages may call are written as browsers send them.</summary>
    public static Check AllowedOrigins { get; } =
        new(
            "GRD-016",
            Part.Guardrail,
            Severity.Medium,
            Evidence.Rule,
            "Origins whose pages may call the guardrail are written as browsers send them.",
            "Write scheme, host and port, without a path."
        );

    /// <summary>Every volume is of a type that leads neither to the node nor to data of others.</summary>
    public static Check VolumeTypes { get; } =
        new(
            "GRD-017",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Every volume is of a type that leads neither to the node nor to data of others.",
            "Use configMap, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret."
        );

    /// <summary>Every field of a securityContext is known, and none gives rights on the node.</summary>
    public static Check SecurityContext { get; } =
        new(
            "GRD-018",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Every field of a securityContext is known, and none gives rights on the node.",
            "Remove the field, or set it to a value that the finding lists."
        );

    /// <summary>The pod has no other way to its node: no port, address or device of it, and no choice of it past the scheduler.</summary>
    public static Check NodeAccess { get; } =
        new(
            "GRD-019",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "The pod has no other way to its node: no port, address or device of it, and no choice of it past the scheduler.",
            "Remove the field."
        );

    /// <summary>Metadata, spellings and sources of variables are such that the other checks see what the pod gets.</summary>
    public static Check TemplateFields { get; } =
        new(
            "GRD-020",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Metadata, spellings and sources of variables are such that the other checks see what the pod gets.",
            "Remove the field, or spell it as Kubernetes does."
        );

    /// <summary>Where an upstream has a key, the cluster says which address its host has.</summary>
    public static Check NameResolution { get; } =
        new(
            "GRD-021",
            Part.Guardrail,
            Severity.Critical,
            Evidence.Rule,
            "Where an upstream has a key, the cluster says which address its host has.",
            "Remove hostAliases, hostname, subdomain and dnsConfig, or leave the key out."
        );

    internal static IReadOnlyList<Check> All { get; } =
    [
        HostNamespaces,
        ProviderKey,
        GrantToken,
        OperatorVolume,
        GuardrailUser,
        Privileged,
        Capabilities,
        GuardrailContainer,
        ReservedVariable,
        UpstreamName,
        UpstreamUrl,
        UpstreamAuthority,
        UpstreamProxy,
        UpstreamCredentials,
        KeyInTheClear,
        AllowedOrigins,
        VolumeTypes,
        SecurityContext,
        NodeAccess,
        TemplateFields,
        NameResolution,
    ];
}
