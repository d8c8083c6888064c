using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

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

    /// <summary>Notes that there is something to report.</summary>
    public void Change(DateTimeOffset now)
    {
        if (Version == ReportedVersion)
            ChangedAt = now;
        Version++;
    }

    /// <summary>When its next message is due without anybody waiting.</summary>
    /// <param name="coalesce">How old news may become before they are sent.</param>
    /// <param name="heartbeat">How long a holder of money may be silent.</param>
    public DateTimeOffset DueAt(TimeSpan coalesce, TimeSpan heartbeat)
    {
        if (Version > ReportedVersion)
            return ChangedAt + coalesce;
        return !Granted.IsZero ? ReportedAt + heartbeat : DateTimeOffset.MaxValue;
    }

    /// <summary>The message that tells its totals as they are now.</summary>
    /// <param name="holder">The ID of this process.</param>
    /// <param name="closing">It is the last one about this window.</param>
    /// <param name="call">The reservation of the waiting call that asks for money; null where none waits.</param>
    /// <param name="also">What other calls wait for.</param>
    public GrantReport Report(string holder, bool closing, Amount? call, Amount also) =>
        new(
            new GrantRequest
            {
                Holder = holder,
                Window = Id,
                Settled = Settled,
                Unproven = Unproven,
                Returned = Returned,
                Reserved = Reserved,
                Closing = closing,
                // A message that names no window counts in the one in which it arrives, and that may be the next: batches there have their
                // own numbers.
                Spend = Id is null && !closing ? [] : Spend.Outgoing(last: closing),
                Call = call,
                Also = also.IsZero ? null : also,
                WantTotal = call is { } wanted ? Settled + Unproven + Returned + Reserved + wanted : null,
            },
            this,
            Version
        );
}
