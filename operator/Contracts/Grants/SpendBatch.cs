namespace AgentReadiness.Contracts.Grants;

/// <summary>
/// What a guardrail booked in a window since the last batch that the operator acknowledged, told apart. For people only: no grant and no
/// refusal depends on it. A batch keeps its number and its content until it is acknowledged, and the operator adds each number once: so a
/// message that is lost, repeated or late does no harm, and the sums are exact for all that was acknowledged.
/// </summary>
public sealed record SpendBatch
{
    /// <summary>1, 2, 3, … within the holder's window.</summary>
    public required long Number { get; init; }

    /// <summary>By model, by revision, and by each declared tag. The values of each sum up to what was booked.</summary>
    public IReadOnlyList<SpendDimension> By { get; set; } = [];

    /// <summary>The costliest runs that ended.</summary>
    public IReadOnlyList<RunSpend> Runs { get; set; } = [];

    /// <summary>The costs of single calls, a <see cref="CostSketch"/>; null where there was none.</summary>
    public string? PerCall { get; set; }

    /// <summary>The costs of runs that ended, a <see cref="CostSketch"/>; null where none did.</summary>
    public string? PerRun { get; set; }
}
