namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Manifest: the manifest itself: fields, name, ports and replicas.</summary>
public static class ManifestChecks
{
    /// <summary>Every field of the manifest is a field of the resource: none is dropped without a word.</summary>
    public static Check KnownField { get; } =
        new(
            "MAN-001",
            Part.Manifest,
            Severity.High,
            Evidence.Schema,
            "Every field of the manifest is a field of the resource: none is dropped without a word.",
            "Correct the spelling of the field, or remove it."
        );

    /// <summary>Every field that must be there is there.</summary>
    public static Check RequiredField { get; } =
        new("MAN-002", Part.Manifest, Severity.Medium, Evidence.Schema, "Every field that must be there is there.", "Add the field.");

    /// <summary>Every value has the type and the spelling that its field takes.</summary>
    public static Check FieldType { get; } =
        new(
            "MAN-003",
            Part.Manifest,
            Severity.Medium,
            Evidence.Schema,
            "Every value has the type and the spelling that its field takes.",
            "Write the value as the message says, for example in quotes."
        );

    /// <summary>The names of Services and Deployments that derive from the agent's name are valid.</summary>
    public static Check Name { get; } =
        new(
            "MAN-004",
            Part.Manifest,
            Severity.Medium,
            Evidence.Rule,
            "The names of Services and Deployments that derive from the agent's name are valid.",
            "Choose a DNS label of at most 40 characters that begins with a letter."
        );

    /// <summary>The number of replicas is one that the operator can create.</summary>
    public static Check Replicas { get; } =
        new(
            "MAN-005",
            Part.Manifest,
            Severity.Medium,
            Evidence.Rule,
            "The number of replicas is one that the operator can create.",
            "Write a number from 0 to 1000."
        );

    /// <summary>The Service has ports, each with a name and a number of its own.</summary>
    public static Check Ports { get; } =
        new(
            "MAN-006",
            Part.Manifest,
            Severity.Medium,
            Evidence.Rule,
            "The Service has ports, each with a name and a number of its own.",
            "List one to eight ports with different names and numbers."
        );

    /// <summary>The agent does not listen on a port of the guardrail, through which its calls and its traffic go.</summary>
    public static Check GuardrailPort { get; } =
        new(
            "MAN-007",
            Part.Manifest,
            Severity.High,
            Evidence.Rule,
            "The agent does not listen on a port of the guardrail, through which its calls and its traffic go.",
            "Let the agent listen on another port and name that one as targetPort."
        );

    /// <summary>The pod template has a container to run.</summary>
    public static Check Containers { get; } =
        new(
            "MAN-008",
            Part.Manifest,
            Severity.Medium,
            Evidence.Rule,
            "The pod template has a container to run.",
            "List at least one container in spec.template.spec.containers."
        );

    internal static IReadOnlyList<Check> All { get; } =
    [KnownField, RequiredField, FieldType, Name, Replicas, Ports, GuardrailPort, Containers];
}
