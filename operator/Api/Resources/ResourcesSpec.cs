using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>What a container of ours asks for and may use at most.</summary>
public sealed class ResourcesSpec
{
    /// <summary>What is reserved for it.</summary>
    public ResourceAmounts? Requests { get; set; }

    /// <summary>What it may use at most.</summary>
    public ResourceAmounts? Limits { get; set; }
}

/// <summary>Amounts of a container, as Kubernetes writes quantities.</summary>
public sealed class ResourceAmounts
{
    private const string Quantity = @"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$";

    /// <summary>Processors, for example "50m" or "1"; a number must stand in quotes.</summary>
    [Length(1, 24), Pattern(Quantity)]
    public string? Cpu { get; set; }

    /// <summary>Memory, for example "64Mi".</summary>
    [Length(1, 24), Pattern(Quantity)]
    public string? Memory { get; set; }

    /// <summary>Disk, which Kubernetes calls ephemeral-storage, for example "100Mi".</summary>
    [Length(1, 24), Pattern(Quantity)]
    public string? EphemeralStorage { get; set; }
}
