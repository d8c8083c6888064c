namespace AgentReadiness.Controller.Certificates;

/// <summary>One thing to do to the certificates.</summary>
public enum RotationStep
{
    /// <summary>All is as it should be, or waits for time to pass.</summary>
    None,

    /// <summary>Make a CA and serve a certificate of it at once: there is nothing that a guardrail could trust.</summary>
    Create,

    /// <summary>Serve a new certificate of the same CA.</summary>
    Renew,

    /// <summary>Make the next CA and let guardrails trust it too. Nothing of it is served yet.</summary>
    Announce,

    /// <summary>Every guardrail's ConfigMap has the next CA: the overlap begins.</summary>
    NoteSpread,

    /// <summary>A guardrail's ConfigMap has lost it: the overlap begins anew when all have it again.</summary>
    ForgetSpread,

    /// <summary>Serve a certificate of the next CA. The one before stays trusted.</summary>
    Switch,

    /// <summary>Let guardrails forget the CA before.</summary>
    Retire,
}

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
    public DateTimeOffset? SpreadAt { get; init; }

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

/// <summary>When what is renewed. Pure.</summary>
public static class RotationRules
{
    /// <summary>The one thing to do now.</summary>
    /// <param name="facts">How the certificates stand; null: there are none.</param>
    /// <param name="now">The moment.</param>
    /// <param name="plan">Lives and overlap.</param>
    /// <param name="lacking">How many guardrails' ConfigMaps do not have what they are to trust.</param>
    public static RotationStep Decide(RotationFacts? facts, DateTimeOffset now, RotationPlan plan, int lacking)
    {
        if (facts is null)
            return RotationStep.Create;
        var due = !facts.LeafFits || (now >= facts.Leaf.Due && facts.Leaf.To < facts.Ca.To);
        if (facts.CanIssue && now < facts.Ca.To && due)
            return RotationStep.Renew;
        // No handshake succeeds any more: who does not know the next CA loses nothing by the switch.
        if (now >= facts.Ca.To || now >= facts.Leaf.To)
            return facts.Next is { } ready && now < ready.To ? RotationStep.Switch : RotationStep.Create;
        // One after the other, so that never more than two CAs are trusted.
        if (facts.SwitchedAt is { } switched)
            return now >= switched + plan.Overlap ? RotationStep.Retire : RotationStep.None;
        if (facts.Next is null)
            return !facts.CanIssue || now >= facts.Ca.Due ? RotationStep.Announce : RotationStep.None;
        if (lacking > 0)
        {
            return now >= facts.Latest(plan) ? RotationStep.Switch
                : facts.SpreadAt is null ? RotationStep.None
                : RotationStep.ForgetSpread;
        }
        if (facts.SpreadAt is not { } spread)
            return RotationStep.NoteSpread;
        return now >= spread + plan.Overlap ? RotationStep.Switch : RotationStep.None;
    }
}
