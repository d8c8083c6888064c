namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>What came of asking whether a call may be sent. Exactly one member is there.</summary>
internal readonly record struct EffectClaim
{
    /// <summary>It may be sent, and how that ended is to be said.</summary>
    public Effect? New { get; private init; }

    /// <summary>It was done before: this was the answer.</summary>
    public EffectResult? Done { get; private init; }

    /// <summary>The same call is under way; ends when that one has ended.</summary>
    public Task? UnderWay { get; private init; }

    /// <summary>Why it may not be sent.</summary>
    public EffectRefusal? Refusal { get; private init; }

    /// <summary>It may be sent.</summary>
    public static EffectClaim Of(Effect effect) => new() { New = effect };

    /// <summary>It was done.</summary>
    public static EffectClaim Of(EffectResult result) => new() { Done = result };

    /// <summary>It is under way.</summary>
    public static EffectClaim Of(Task other) => new() { UnderWay = other };

    /// <summary>It may not be sent.</summary>
    public static EffectClaim Of(EffectRefusal refusal) => new() { Refusal = refusal };
}
