using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>The totals of one window. Only <see cref="GrantAccount"/> changes them, under its lock.</summary>
internal sealed class GrantWindow
{
    public string? Id { get; set; }

    public DateTimeOffset Ends { get; set; } = DateTimeOffset.MaxValue;

    public Amount Granted { get; set; }

    public Amount Settled { get; set; }

    public Amount Unproven { get; set; }

    public Amount Returned { get; set; }

    public Amount Reserved { get; set; }

    public long Version { get; set; }

    public long ReportedVersion { get; set; }

    public DateTimeOffset ChangedAt { get; set; }

    public DateTimeOffset ReportedAt { get; set; }

    public bool EverSent { get; set; }

    /// <summary>Its cell in the journal; negative where it has none.</summary>
    public int Cell { get; set; } = -1;

    /// <summary>The operator counts what is in flight as unproven: whatever becomes of it is booked no more.</summary>
    public bool Detached { get; set; }

    /// <summary>What was booked, told apart.</summary>
    public SpendTally Spend { get; } = new();

    public Amount Free => Granted - Settled - Unproven - Returned - Reserved;
}
