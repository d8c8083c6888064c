using k8s;
using k8s.Models;

namespace AgentReadiness.Api.Resources;

/// <summary>A custom resource with spec and status.</summary>
/// <typeparam name="TSpec">What people declare.</typeparam>
/// <typeparam name="TStatus">What the operator observed.</typeparam>
public abstract class CustomResource<TSpec, TStatus> : IKubernetesObject<V1ObjectMeta>
    where TSpec : class, new()
    where TStatus : class, new()
{
    /// <summary>The API group and version.</summary>
    public string ApiVersion { get; set; } = $"{Names.Group}/{Names.Version}";

    /// <summary>The kind.</summary>
    public string Kind { get; set; } = string.Empty;

    /// <summary>Standard object metadata.</summary>
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What is wanted.</summary>
    public TSpec Spec { get; set; } = new();

    /// <summary>
    /// Fields of the spec that the API server stored and that cannot be read, each with what is wrong ("spec.template: …"). They are left
    /// out of <see cref="Spec"/>, so nothing may be concluded from their absence.
    /// </summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<string> Faults { get; set; } = [];

    /// <summary>What is; written by the operator only.</summary>
    public TStatus? Status { get; set; }
}

/// <summary>One condition of an object's state, in the standard form (metav1.Condition).</summary>
public sealed record Condition
{
    /// <summary>The condition's name.</summary>
    [Schema.Required, Schema.Length(1, 316)]
    public string Type { get; init; } = string.Empty;

    /// <summary>True, False or Unknown.</summary>
    [Schema.Required, Schema.Pattern("^(True|False|Unknown)$")]
    public string Status { get; init; } = "Unknown";

    /// <summary>The generation of the spec that the condition speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When the status last changed.</summary>
    [Schema.Required]
    public DateTime LastTransitionTime { get; init; }

    /// <summary>One stable UpperCamelCase word for programs.</summary>
    [Schema.Required, Schema.Length(1, 1024)]
    public string Reason { get; init; } = string.Empty;

    /// <summary>The cause and the remedy, for people.</summary>
    [Schema.Required, Schema.Length(0, 32768)]
    public string Message { get; init; } = string.Empty;
}

/// <summary>A reference to an object of one's own namespace.</summary>
public sealed record LocalReference
{
    /// <summary>The object's name.</summary>
    [Schema.Required, Schema.Length(1, 253)]
    public string Name { get; set; } = string.Empty;
}

/// <summary>A reference to an object with its namespace.</summary>
public sealed record NamespacedReference
{
    /// <summary>The object's namespace; the referrer's own where absent.</summary>
    [Schema.Length(1, 63)]
    public string? Namespace { get; set; }

    /// <summary>The object's name.</summary>
    [Schema.Required, Schema.Length(1, 253)]
    public string Name { get; set; } = string.Empty;
}

/// <summary>A key of a Secret or ConfigMap of one's own namespace.</summary>
public sealed record KeyReference
{
    /// <summary>The object's name.</summary>
    [Schema.Required, Schema.Length(1, 253)]
    public string Name { get; set; } = string.Empty;

    /// <summary>The key in its data.</summary>
    [Schema.Required, Schema.Length(1, 253), Schema.Pattern("^[-._a-zA-Z0-9]+$")]
    public string Key { get; set; } = string.Empty;
}
