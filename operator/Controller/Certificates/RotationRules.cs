using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Certificates;

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
        // With an expired certificate no handshake succeeds, so a guardrail that does not know the next CA loses nothing by the switch.
        if (now >= facts.Ca.To || now >= facts.Leaf.To)
            return facts.Next is { } ready && now < ready.To ? RotationStep.Switch : RotationStep.Create;
        // A rotation begins only after the one before has ended, so that never more than two CAs are trusted.
        if (facts.SwitchedAt is { } switched)
            return now >= switched + plan.Overlap ? RotationStep.Retire : RotationStep.None;
        if (facts.Next is null)
            return !facts.CanIssue || now >= facts.Ca.Due ? RotationStep.Announce : RotationStep.None;
        if (lacking > 0)
        {
            return now >= facts.Latest(plan) ? RotationStep.Switch
                : facts.RolledOutAt is null ? RotationStep.None
                : RotationStep.ForgetRollout;
        }
        if (facts.RolledOutAt is not { } rolledOut)
            return RotationStep.RecordRollout;
        return now >= rolledOut + plan.Overlap ? RotationStep.Switch : RotationStep.None;
    }
}
