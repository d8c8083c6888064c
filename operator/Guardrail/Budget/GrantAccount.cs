using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>
/// What this process may spend, as the grant protocol counts it: free = granted − settled − unproven − returned − reserved, per window.
/// Pure: no I/O, no clock of its own, safe for any thread. Money granted in a window is settled in it, however late; nothing is ever
/// clamped.
/// </summary>
internal sealed class GrantAccount
{
    // A window lasts an hour at least and a call at most minutes, so more than a few old ones means an operator that answers nonsense.
    private const int MostOldWindows = 16;

    private readonly Lock gate = new();
    private readonly Journal? journal;
    private readonly List<GrantWindow> old = [];
    private readonly Queue<string> over = new();
    private GrantWindow current = new();
    private bool unlimited;
    private bool closed;

    /// <summary>An account without money.</summary>
    /// <param name="holder">The random ID of this process.</param>
    /// <param name="journal">Where it writes down what it holds, before any of it is spent.</param>
    public GrantAccount(string holder, Journal? journal = null) => (Holder, this.journal) = (holder, journal);

    /// <summary>The ID under which the operator knows this account.</summary>
    public string Holder { get; private set; }

    /// <summary>The budget as the last answer told it; null before that.</summary>
    public BudgetState? Budget { get; private set; }

    /// <summary>True: count, and refuse nothing.</summary>
    public bool Unlimited
    {
        get
        {
            lock (gate)
                return unlimited;
        }
        set
        {
            lock (gate)
                unlimited = value;
        }
    }

    /// <summary>The current window's totals.</summary>
    public GrantTotals Totals
    {
        get
        {
            lock (gate)
                return new(
                    current.Id,
                    current.Granted,
                    current.Settled,
                    current.Unproven,
                    current.Returned,
                    current.Reserved,
                    current.Free
                );
        }
    }

    /// <summary>The number of windows that are over and not yet closed.</summary>
    public int OldWindows
    {
        get
        {
            lock (gate)
                return old.Count;
        }
    }

    /// <summary>Sets money aside; null where not enough is free, or the window is over.</summary>
    public Reservation? TryReserve(Amount amount, DateTimeOffset now)
    {
        lock (gate)
        {
            if (closed || (!unlimited && (current.Id is null || now >= current.Ends || !amount.FitsIn(current.Free))))
                return null;
            current.Reserved += amount;
            Keep(current);
            return new Reservation(current, amount);
        }
    }

    /// <summary>
    /// Sets money aside whether it is there or not, for a budget that is only observed; and whether it would have been refused, by the last
    /// answer.
    /// </summary>
    public (Reservation Reservation, bool Over) Reserve(Amount amount)
    {
        lock (gate)
        {
            current.Reserved += amount;
            Keep(current);
            return (new Reservation(current, amount), Budget is { } budget && budget.IsPassedBy(current.Reserved));
        }
    }

    /// <summary>More is set aside or spent than was granted.</summary>
    public bool IsShort
    {
        get
        {
            lock (gate)
                return !Amount.Zero.FitsIn(current.Free);
        }
    }

    /// <summary>
    /// Books what a call really cost, and frees the rest. True where it cost more than was reserved: it is booked in full all the same.
    /// </summary>
    /// <param name="reservation">What was set aside.</param>
    /// <param name="actual">What it cost.</param>
    /// <param name="now">The time.</param>
    /// <param name="labels">What the cost is told apart by; null where it is not.</param>
    public bool Settle(Reservation reservation, Amount actual, DateTimeOffset now, SpendLabels? labels = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(actual.Cost.Amount);
        ArgumentOutOfRangeException.ThrowIfNegative(actual.Tokens);
        lock (gate)
        {
            if (reservation.Over || reservation.Window.Detached)
                return false;
            reservation.Over = true;
            var window = reservation.Window;
            window.Reserved -= reservation.Amount;
            window.Settled += actual;
            if (labels is not null)
                window.Spend.Booked(labels, actual.Cost);
            Keep(window);
            window.Change(now);
            return actual.Cost > reservation.Amount.Cost;
        }
    }

    /// <summary>Books the whole reservation as spent, because it is not proven unspent.</summary>
    public void MarkUnproven(Reservation reservation, DateTimeOffset now, SpendLabels? labels = null)
    {
        lock (gate)
        {
            if (reservation.Over || reservation.Window.Detached)
                return;
            reservation.Over = true;
            var window = reservation.Window;
            window.Reserved -= reservation.Amount;
            window.Unproven += reservation.Amount;
            if (labels is not null)
                window.Spend.Booked(labels, reservation.Amount.Cost);
            Keep(window);
            window.Change(now);
        }
    }

    /// <summary>A run ended that called a model. It is told with the next message.</summary>
    public void RunEnded(string id, Money cost)
    {
        lock (gate)
            current.Spend.RunEnded(id, cost);
    }

    /// <summary>Gives back what no call holds.</summary>
    public void ReturnFree(DateTimeOffset now)
    {
        lock (gate)
        {
            if (current.Free.Positive() is not { IsZero: false } free)
                return;
            current.Returned += free;
            Keep(current);
            current.Change(now);
        }
    }

    /// <summary>The message that asks for money for one waiting call, and tells what others wait for.</summary>
    public GrantReport Want(Amount call, Amount also = default)
    {
        lock (gate)
        {
            return Report(current, closing: false, call, also);
        }
    }

    /// <summary>The next message that is due without anybody waiting, or null.</summary>
    /// <param name="now">The time.</param>
    /// <param name="coalesce">How old news may become before they are sent.</param>
    /// <param name="heartbeat">How long a holder of money may be silent.</param>
    public GrantReport? Due(DateTimeOffset now, TimeSpan coalesce, TimeSpan heartbeat)
    {
        lock (gate)
        {
            foreach (var window in old)
            {
                if (window.Reserved.IsZero)
                    return Report(window, closing: true);
                if (window.DueAt(coalesce, heartbeat) <= now)
                    return Report(window, closing: false);
            }
            return current.DueAt(coalesce, heartbeat) <= now ? Report(current, closing: false) : null;
        }
    }

    /// <summary>When <see cref="Due"/> has something to say, as far as is known now.</summary>
    public DateTimeOffset NextDue(TimeSpan coalesce, TimeSpan heartbeat)
    {
        lock (gate)
        {
            var next = current.DueAt(coalesce, heartbeat);
            foreach (var window in old)
            {
                var due = window.Reserved.IsZero ? DateTimeOffset.MinValue : window.DueAt(coalesce, heartbeat);
                next = due < next ? due : next;
            }
            return next;
        }
    }

    /// <summary>Takes in an answer. Answers may repeat: totals only grow.</summary>
    public void Apply(GrantReport report, GrantResponse answer, DateTimeOffset now)
    {
        lock (gate)
        {
            if (report.Request.Holder != Holder || answer.Outcome == GrantOutcome.HolderClosed)
                return;
            var window = report.Window;
            window.ReportedVersion = Math.Max(window.ReportedVersion, report.Version);
            window.ReportedAt = now;
            // What came while the message was under way is news of now, and not of when the last ones began: a busy pod would report
            // without a pause.
            if (window.Version > window.ReportedVersion)
                window.ChangedAt = now;
            window.Spend.Acknowledge(answer.Noted);
            unlimited = answer.Outcome == GrantOutcome.Unlimited;
            Budget = new BudgetState(answer.Budget ?? answer.Window, answer.Cap, answer.Spent)
            {
                CapTokens = answer.CapTokens,
                SpentTokens = answer.SpentTokens,
            };
            if (report.Request.Closing)
            {
                old.Remove(window);
                journal?.Forget(window);
            }
            else
            {
                if (window.Id is null)
                    (window.Id, window.Ends) = (answer.Window, answer.WindowEnds);
                window.Granted = Amount.Max(window.Granted, answer.Granted);
                if (!window.Detached)
                    Keep(window);
            }
            if (current.Id == answer.Window)
                current.Ends = answer.WindowEnds;
            else if (!closed)
                Roll(answer);
        }
    }

    /// <summary>
    /// Starts anew under another ID. What the old one holds counts as unproven at the operator, so calls in flight no longer matter here.
    /// </summary>
    public void Reopen(string holder)
    {
        lock (gate)
        {
            Holder = holder;
            over.Clear();
            old.Add(current);
            foreach (var window in old)
            {
                window.Detached = true;
                journal?.Forget(window);
            }
            old.Clear();
            current = new GrantWindow();
        }
    }

    /// <summary>
    /// Ends the account: no more reservations; those in flight count as unproven; each window is due for a closing report. True where the
    /// operator has anything to hear.
    /// </summary>
    public bool Close(DateTimeOffset now)
    {
        lock (gate)
        {
            if (!closed)
            {
                closed = true;
                current.Detached = true;
                if (current.EverSent)
                    old.Add(current);
                foreach (var window in old)
                {
                    window.Unproven += window.Reserved;
                    window.Reserved = Amount.Zero;
                    window.Detached = true;
                    Keep(window);
                    window.Change(now);
                }
                // What is settled after this is booked nowhere: the operator has it as unproven already.
                current = new GrantWindow();
            }
            return old.Count > 0;
        }
    }

    /// <summary>
    /// The closing reports that the operator has not answered, the latest window first. Once the account is closed, nothing will be added
    /// to them.
    /// </summary>
    public IReadOnlyList<GrantRequest> Closings()
    {
        lock (gate)
            return closed ? [.. old.AsEnumerable().Reverse().Select(window => Report(window, closing: true).Request)] : [];
    }

    private void Roll(GrantResponse answer)
    {
        // Windows only move forward. Who names one that is over does not lead any more, or read long ago; to follow it would close money
        // that is in use.
        if (over.Contains(answer.Window) || old.Exists(window => window.Id == answer.Window))
            return;
        var next = new GrantWindow
        {
            Id = answer.Window,
            Ends = answer.WindowEnds,
            ReportedAt = current.ReportedAt,
        };
        if (current.Id is null)
        {
            (current.Id, current.Ends) = (answer.Window, answer.WindowEnds);
            return;
        }
        old.Add(current);
        if (old.Count > MostOldWindows)
        {
            journal?.Forget(old[0]);
            old[0].Detached = true;
            old.RemoveAt(0);
        }
        over.Enqueue(current.Id);
        if (over.Count > MostOldWindows)
            over.Dequeue();
        current = next;
    }

    // What the operator has never heard of needs no closing; the first message about a window is written down before it goes.
    private void Keep(GrantWindow window)
    {
        if (window.EverSent)
            journal?.Write(Holder, window);
    }

    private GrantReport Report(GrantWindow window, bool closing, Amount? call = null, Amount also = default)
    {
        if (!window.EverSent)
        {
            window.EverSent = true;
            Keep(window);
        }
        return window.Report(Holder, closing, call, also);
    }
}
