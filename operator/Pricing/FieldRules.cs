namespace AgentReadiness.Pricing;

/// <summary>What a provider's requests may hold beside what is allowed for a format anyway.</summary>
/// <param name="Allow">Fields whose cost is nothing, or within what is reserved.</param>
/// <param name="Refuse">Fields that cost more at this provider.</param>
public sealed record FieldRules(IReadOnlyList<string> Allow, IReadOnlyList<string> Refuse)
{
    /// <summary>No fields.</summary>
    public static FieldRules None { get; } = new([], []);

    /// <summary>These with others over them: what the others allow is refused no longer, and the other way round.</summary>
    public FieldRules Merge(FieldRules over) =>
        new([.. Allow.Except(over.Refuse).Union(over.Allow)], [.. Refuse.Except(over.Allow).Union(over.Refuse)]);
}
