using AgentReadiness.Readiness;
using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Api.Rules;

/// <summary>Where a pod template stands in its object, and which checks its findings belong to.</summary>
internal sealed record PodChecks
{
    /// <summary>The template of an agent.</summary>
    public static PodChecks Agent { get; } =
        new()
        {
            Root = "spec.template",
            Namespaces = GuardrailChecks.HostNamespaces,
            Privileged = GuardrailChecks.Privileged,
            Capabilities = GuardrailChecks.Capabilities,
            Volumes = GuardrailChecks.VolumeTypes,
            SecurityContext = GuardrailChecks.SecurityContext,
            Node = GuardrailChecks.NodeAccess,
            Fields = GuardrailChecks.TemplateFields,
            GrantToken = GuardrailChecks.GrantToken,
            OperatorVolume = GuardrailChecks.OperatorVolume,
        };

    /// <summary>The template of a suite's Job.</summary>
    public static PodChecks Job { get; } =
        new()
        {
            Root = "spec.job.template",
            Namespaces = EvalChecks.JobIsolation,
            Privileged = EvalChecks.JobIsolation,
            Capabilities = EvalChecks.JobIsolation,
            Volumes = EvalChecks.JobIsolation,
            SecurityContext = EvalChecks.JobIsolation,
            Node = EvalChecks.JobIsolation,
            Fields = EvalChecks.JobIsolation,
            GrantToken = EvalChecks.JobIsolation,
            OperatorVolume = EvalChecks.JobIsolation,
        };

    /// <summary>The template's path, for example "spec.template".</summary>
    public required string Root { get; init; }

    /// <summary>Namespaces of the node.</summary>
    public required Check Namespaces { get; init; }

    /// <summary>Privileges of a container.</summary>
    public required Check Privileged { get; init; }

    /// <summary>Capabilities.</summary>
    public required Check Capabilities { get; init; }

    /// <summary>Types of volumes.</summary>
    public required Check Volumes { get; init; }

    /// <summary>Fields of a securityContext.</summary>
    public required Check SecurityContext { get; init; }

    /// <summary>Other ways to the node: its ports, its addresses, a choice of it, its devices.</summary>
    public required Check Node { get; init; }

    /// <summary>Fields that cannot be checked, because they are spelled otherwise or nobody knows what they refer to.</summary>
    public required Check Fields { get; init; }

    /// <summary>Tokens of the guardrail.</summary>
    public required Check GrantToken { get; init; }

    /// <summary>Volumes of the operator.</summary>
    public required Check OperatorVolume { get; init; }
}
