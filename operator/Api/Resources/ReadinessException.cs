using AgentReadiness.Api.Schema;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// Lets one named revision of one agent pass named gates until it expires. It is honoured in the operator's own namespace only,
/// so that whoever writes agents cannot write their exceptions. Its end blocks a promotion; it never stops what serves.
/// </summary>
[KubernetesEntity(Group = Names.Group, ApiVersion = Names.Version, Kind = EntityKind, PluralName = "readinessexceptions")]
[KubernetesEntityShortNames("rex")]
[Categories("agent-readiness")]
[GenericAdditionalPrinterColumn(".spec.agent.namespace", "AgentNamespace", "string")]
[GenericAdditionalPrinterColumn(".spec.agent.name", "Agent", "string")]
[GenericAdditionalPrinterColumn(".spec.revision", "Revision", "string")]
[GenericAdditionalPrinterColumn(".status.state", "State", "string")]
[GenericAdditionalPrinterColumn(".spec.expiresAt", "Expires", "string")]
[GenericAdditionalPrinterColumn(".spec.requestedBy", "By", "string")]
[GenericAdditionalPrinterColumn(".spec.reason", "Reason", "string", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
public sealed class ReadinessException : CustomResource<ReadinessExceptionSpec, ReadinessExceptionStatus>
{
    /// <summary>The kind's name.</summary>
    public const string EntityKind = "ReadinessException";

    /// <summary>Creates an empty one.</summary>
    public ReadinessException() => Kind = EntityKind;
}

/// <summary>Who may pass what, until when, and why.</summary>
public sealed record ReadinessExceptionSpec
{
    /// <summary>The AgentDeployment.</summary>
    [Required]
    public NamespacedReference Agent { get; init; } = new();

    /// <summary>The revision, as <c>kubectl agents revision</c> prints it. No other one profits.</summary>
    [Required, Length(1, 63), Pattern("^[0-9a-f]{15}$")]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The gates that it opens.</summary>
    [Required, Items(1, 8), XListType("set")]
    public IReadOnlyList<ExceptionGate> Gates { get; init; } = [];

    /// <summary>Why this revision may go without proof, with a ticket where you have one.</summary>
    [Required, Length(1, 1024)]
    public string Reason { get; init; } = string.Empty;

    /// <summary>Who asked for it.</summary>
    [Required, Length(1, 253)]
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>When it ends, for example "2026-12-01T18:00:00Z".</summary>
    [Required]
    public DateTime ExpiresAt { get; init; }
}

/// <summary>A gate that an exception may open.</summary>
public enum ExceptionGate
{
    /// <summary>spec.evals.</summary>
    Evals,
}

/// <summary>What became of an exception.</summary>
public sealed record ReadinessExceptionStatus
{
    /// <summary>Whether it is in force.</summary>
    public ExceptionState? State { get; init; }

    /// <summary>Why, for people.</summary>
    [Length(0, 1024)]
    public string? Message { get; init; }

    /// <summary>When the revision was promoted by it.</summary>
    public DateTime? UsedAt { get; init; }
}

/// <summary>Whether an exception is in force.</summary>
public enum ExceptionState
{
    /// <summary>The gates are open for the revision.</summary>
    Active,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Its namespace may not hold exceptions.</summary>
    NotAllowed,
}
