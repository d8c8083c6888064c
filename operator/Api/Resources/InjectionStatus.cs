using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>What the operator puts into the pods of a revision.</summary>
public sealed record InjectionStatus
{
    /// <summary>The revision.</summary>
    [Required, Length(1, 63)]
    public string Revision { get; init; } = string.Empty;

    /// <summary>The version of what is put in: containers, volumes, variables and hooks.</summary>
    [Required]
    public int Version { get; init; } = 1;

    /// <summary>The guardrail's image.</summary>
    [Required, Length(1, 1024)]
    public string Image { get; init; } = string.Empty;

    /// <summary>The guardrail is a native sidecar.</summary>
    [Required]
    public bool NativeSidecar { get; init; }

    /// <summary>The guardrail's resources where the agent names none, as JSON; absent: the built-in ones.</summary>
    [Length(1, 2048)]
    public string? Resources { get; init; }
}
