using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

/// <summary>What a rotation is decided on.</summary>
/// <param name="Ca">The CA of what is served.</param>
/// <param name="CanIssue">Its key is here. It is not where the chart had made it.</param>
/// <param name="Leaf">What is served.</param>
/// <param name="LeafFits">It carries the endpoint's names.</param>
public sealed record RotationFacts(Lifetime Ca, bool CanIssue, Lifetime Leaf, bool LeafFits)
{
    /// <summary>The announced CA, or null.</summary>
    public Lifetime? Next { get; init; }

    /// <summary>Since when every guardrail's ConfigMap has the announced CA.</summary>
    public DateTimeOffset? RolledOutAt { get; init; }

    /// <summary>Since when nothing of the CA before is served; null: that one is not trusted any more.</summary>
    public DateTimeOffset? SwitchedAt { get; init; }

    /// <summary>When the switch comes though ConfigMaps lack the next CA: those few must not take the others along.</summary>
    public DateTimeOffset Latest(RotationPlan plan)
    {
        var end = CanIssue ? Ca.To : Leaf.To;
        var reserve = (end - Ca.From) / 12;
        return end - (reserve > plan.Overlap * 2 ? reserve : plan.Overlap * 2);
    }
}
