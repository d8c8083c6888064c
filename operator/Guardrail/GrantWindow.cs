using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;

namespace AgentReadiness.Guardrail;

/// <summary>Money set aside for one call, in the window that granted it.</summary>
internal sealed class Reservation
{
    internal Reservation(GrantWindow window, Amount amount) => (Window, Amount) = (window, amount);

    /// <summary>The most that the call can cost and use.</summary>
    public Amount Amount { get; }

    internal GrantWindow Window { get; }

    internal bool Over { get; set; }
}

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

/// <summary>The totals of an account at one moment.</summary>
internal readonly record struct GrantTotals(
    string? Window,
    Amount Granted,
    Amount Settled,
    Amount Unproven,
    Amount Returned,
    Amount Reserved,
    Amount Free
);

/// <summary>A message to the operator, and what it reports about.</summary>
internal sealed record GrantReport(GrantRequest Request, GrantWindow Window, long Version);
