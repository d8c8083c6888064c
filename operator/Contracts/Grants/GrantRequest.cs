namespace AgentReadiness.Contracts.Grants;

/// <summary>What a holder (one guardrail process in one window, or an account in a shared budget) reports and asks for.</summary>
public sealed class GrantRequest
{
    /// <summary>
    /// Random ID of the guardrail process, 16 to 64 of [a-z0-9]. A new process has a new one: what the old one held and did not close is
    /// unproven.
    /// </summary>
    public required string Holder { get; init; }

    /// <summary>The window that the totals belong to, as the last answer named it; null before the first answer.</summary>
    public string? Window { get; init; }

    /// <summary>Total proven spend.</summary>
    public Amount Settled { get; init; }

    /// <summary>Total that counts as spent because it is not proven unspent.</summary>
    public Amount Unproven { get; init; }

    /// <summary>Total given back: no call may use it any more.</summary>
    public Amount Returned { get; init; }

    /// <summary>
    /// The smallest total grant that lets the waiting call go (settled + unproven + returned + reserved + the call's reservation).
    /// Null for a mere report.
    /// </summary>
    public Amount? WantTotal { get; init; }

    /// <summary>The waiting call's own reservation; with <see cref="WantTotal"/>.</summary>
    public Amount? Call { get; init; }

    /// <summary>
    /// What other calls of the sender wait for at this moment, beside <see cref="WantTotal"/>: granted too where it fits, so that many
    /// calls cost one message.
    /// </summary>
    public Amount? Also { get; init; }

    /// <summary>Total of the reservations now in flight: this part cannot be returned yet.</summary>
    public Amount Reserved { get; init; }

    /// <summary>
    /// Overruns that this process saw, the last one of each price rule: at most <see cref="GrantProtocol.MaxOverruns"/>. Repeated with each
    /// message until an answer no longer refuses the rule.
    /// </summary>
    public IReadOnlyList<OverrunReport> Overruns { get; set; } = [];

    /// <summary>
    /// What was booked in the window, told apart, as far as it is not acknowledged: at most <see cref="SpendBounds.MaxBatches"/> batches.
    /// </summary>
    public IReadOnlyList<SpendBatch> Spend { get; set; } = [];

    /// <summary>
    /// The holder spends nothing more in this window: the difference between granted and spent is free again. Sent once nothing is
    /// reserved.
    /// </summary>
    public bool Closing { get; init; }
}
