using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ContextPolicy"/>, read.</summary>
internal sealed class ContextSettings
{
    private readonly int reserve;

    /// <param name="policy">As the configuration has it.</param>
    /// <exception cref="FormatException">A value is none that it may have.</exception>
    public ContextSettings(ContextPolicy policy)
    {
        if (policy.OnOverflow is not (ContextPolicy.Flag or ContextPolicy.Refuse))
            throw new FormatException($"context.onOverflow: \"{policy.OnOverflow}\" is none of Flag and Refuse");
        if (policy.ReservePercent is < 0 or > 50)
            throw new FormatException($"context.reservePercent: {policy.ReservePercent} is not from 0 to 50");
        (Refuses, reserve) = (policy.OnOverflow == ContextPolicy.Refuse, policy.ReservePercent);
        RefusesUnknown = Refuses && policy.RefuseUnknown;
    }

    /// <summary>What does not fit is not sent.</summary>
    public bool Refuses { get; }

    /// <summary>So is what nobody knows.</summary>
    public bool RefusesUnknown { get; }

    /// <summary>What a request may take of a window, tokens.</summary>
    public long RoomOf(long window) => window - (long)Math.Ceiling(window * (decimal)reserve / 100);
}
