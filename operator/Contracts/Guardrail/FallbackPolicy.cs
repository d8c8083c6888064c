namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Where calls of a model go that its upstream does not answer.</summary>
/// <remarks>What has a default is settable: the JSON source generator ignores the defaults of init-only properties.</remarks>
public sealed class FallbackPolicy
{
    /// <summary>The name of another upstream of the same format.</summary>
    public required string Upstream { get; init; }

    /// <summary>Models that have another name there; one that is not listed keeps its name.</summary>
    public IReadOnlyList<FallbackModel> Models { get; set; } = [];
}
