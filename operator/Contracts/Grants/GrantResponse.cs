namespace AgentReadiness.Contracts.Grants;

/// <summary>The operator's answer, given only after the ledger holds it.</summary>
public sealed class GrantResponse
{
    /// <summary>What became of the request.</summary>
    public required GrantOutcome Outcome { get; init; }

    /// <summary>
    /// The window now open; where it differs from the request's, the holder starts new totals in it and closes the old ones.
    /// </summary>
    public required string Window { get; init; }

    /// <summary>When the window ends: from then on its money must not be used for new calls.</summary>
    public required DateTimeOffset WindowEnds { get; init; }

    /// <summary>Total granted to this holder in the request's window. Zero where the window is unknown or over.</summary>
    public Amount Granted { get; init; }

    /// <summary>The budget's name for messages, for example "day".</summary>
    public string? Budget { get; init; }

    /// <summary>The cap in force, USD.</summary>
    public Money Cap { get; init; }

    /// <summary>Settled plus unproven of all holders, USD.</summary>
    public Money Spent { get; init; }

    /// <summary>The cap on tokens; null where there is none.</summary>
    public long? CapTokens { get; init; }

    /// <summary>Settled plus unproven tokens of all holders.</summary>
    public long SpentTokens { get; init; }

    /// <summary>
    /// Price rules whose models no pod of the account may call, because of an overrun that nobody has acknowledged. Null: the operator says
    /// nothing of them, and what was refused stays refused.
    /// </summary>
    public IReadOnlyList<RefusedRule>? Refused { get; init; }

    /// <summary>
    /// The last batch of <see cref="GrantRequest.Spend"/> that is written in the ledger for the request's window: it need not be repeated.
    /// </summary>
    public long Noted { get; init; }

    /// <summary>Somebody waits for money: return what is not reserved.</summary>
    public bool Reclaim { get; init; }
}
