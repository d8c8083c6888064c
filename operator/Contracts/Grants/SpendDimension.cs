namespace AgentReadiness.Contracts.Grants;

/// <summary>Spend by the values of one dimension.</summary>
public sealed record SpendDimension
{
    /// <summary><see cref="Attribution.Model"/>, <see cref="Attribution.Revision"/> or a tag.</summary>
    public required string Name { get; init; }

    /// <summary>The costliest values, and the rest as <see cref="Attribution.Other"/>.</summary>
    public IReadOnlyList<SpendValue> Values { get; set; } = [];
}
