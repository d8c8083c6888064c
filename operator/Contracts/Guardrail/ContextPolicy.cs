namespace AgentReadiness.Contracts.Guardrail;

/// <summary>What is done with a model request that does not fit the context window.</summary>
public sealed class ContextPolicy
{
    /// <summary>Flag: it is counted, logged and told to the agent.</summary>
    public const string Flag = "Flag";

    /// <summary>Refuse: it is not sent.</summary>
    public const string Refuse = "Refuse";

    /// <summary>Flag or Refuse.</summary>
    public required string OnOverflow { get; init; }

    /// <summary>The part of the window that stays free, percent, 0 to 50.</summary>
    public int ReservePercent { get; set; } = 5;

    /// <summary>With Refuse: so is what nobody knows.</summary>
    public bool RefuseUnknown { get; set; }
}
