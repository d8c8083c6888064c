namespace AgentReadiness.Contracts.Grants;

/// <summary>What a holder spent in a window, for good.</summary>
public sealed record FinalReport
{
    /// <summary>The process's ID.</summary>
    public required string Holder { get; init; }

    /// <summary>The window; absent where the operator never named one.</summary>
    public string? Window { get; init; }

    /// <summary>Total proven spend.</summary>
    public required Amount Settled { get; init; }

    /// <summary>Total that counts as spent.</summary>
    public required Amount Unproven { get; init; }

    /// <summary>Total given back before.</summary>
    public required Amount Returned { get; init; }
}
