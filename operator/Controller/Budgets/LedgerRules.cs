using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Api.Resources;

namespace AgentReadiness.Controller.Budgets;

/// <summary>The pod that a request came from, as the API server's token review named it.</summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Uid">The pod's UID.</param>
public readonly record struct HolderPod(string Name, string Uid);

/// <summary>The window that is open now, and its cap.</summary>
/// <param name="Name">For example "2026-11-22" or "total".</param>
/// <param name="Ends">When it ends.</param>
/// <param name="Cap">The declared cap; null where nobody declares one any more: reports are booked, nothing is granted.</param>
public readonly record struct OpenWindow(string Name, DateTimeOffset Ends, Money? Cap)
{
    private readonly IReadOnlyList<OverrunAcknowledgement>? acknowledged;

    /// <summary>The cap refuses nothing.</summary>
    public bool Observe { get; init; }

    /// <summary>What messages call it, for example "day".</summary>
    public string? Budget { get; init; }

    /// <summary>The overruns that the agent's spec acknowledges.</summary>
    public IReadOnlyList<OverrunAcknowledgement> Acknowledged { get => acknowledged ?? []; init => acknowledged = value; }
}

/// <summary>
/// The arithmetic of an escrow account. Pure: an account and a message in, an account and an answer out; the caller writes the
/// account before it gives the answer. Kept at every step: settled + unproven + outstanding ≤ the cap in force when the last
/// grant was made, unless a settlement exceeded its reservation, which is booked in full and never hidden.
/// </summary>
public static class LedgerRules
{
    /// <summary>The most holders that are listed at once.</summary>
    public const int MaxHolders = 2000;

    /// <summary>Opens the window of now: whatever the last one still had outstanding is unproven in it for ever.</summary>
    public static BudgetLedgerStatus Open(BudgetLedgerStatus account, OpenWindow window)
    {
        if (account.Window == window.Name)
            return window.Cap is { } cap && account.Cap != cap ? Sum(account with { Cap = cap }) : account;
        var previous = account.Window is null ? account.Previous : new ClosedWindow
        {
            Window = account.Window,
            Cap = account.Cap ?? Money.Zero,
            Settled = account.Settled ?? Money.Zero,
            Unproven = (account.Unproven ?? Money.Zero) + (account.Outstanding ?? Money.Zero),
        };
        return Sum(new BudgetLedgerStatus
        {
            Epoch = account.Epoch,
            Window = window.Name,
            WindowEnds = window.Ends.UtcDateTime,
            Cap = window.Cap ?? account.Cap ?? Money.Zero,
            LargestCall = account.LargestCall,
            Overruns = account.Overruns,
            Previous = previous,
        });
    }

    /// <summary>Books a report and decides about what is wanted.</summary>
    /// <param name="account">The account, its window open (see <see cref="Open"/>).</param>
    /// <param name="request">The message.</param>
    /// <param name="pod">Who sent it.</param>
    /// <param name="extra">How much more than needed the holder may get, USD; from its burn.</param>
    /// <param name="mayGrant">False where nobody declares a cap any more.</param>
    /// <param name="observe">The cap refuses nothing: what is wanted is granted, and a holder that spent before it was known is booked.</param>
    public static (BudgetLedgerStatus Account, GrantOutcome Outcome, Money Granted) Apply(
        BudgetLedgerStatus account, GrantRequest request, HolderPod pod, Money extra, bool mayGrant, bool observe = false)
    {
        var holders = account.Holders.ToList();
        var index = holders.FindIndex(holder => holder.Id == request.Holder);
        if (request.Window is not null && request.Window != account.Window)
            return (account, GrantOutcome.WindowOver, Money.Zero);
        if (index < 0)
        {
            if (!IsBlank(request) && !observe)
                return (account, GrantOutcome.HolderClosed, Money.Zero);
            if (request.Closing || request.WantTotal is null)
                return (account, GrantOutcome.Granted, Money.Zero);
            // One process a pod: a new one means that the old one is gone, and what it held is not proven unspent.
            foreach (var old in holders.Where(old => old.PodUid == pod.Uid && old.Closed != true).ToList())
                account = Fold(account, old, Outstanding(old), keepListed: true);
            holders = [.. account.Holders];
            if (holders.Count >= MaxHolders)
                return (account, GrantOutcome.Held, Money.Zero);
            index = holders.Count;
            holders.Add(new LedgerHolder { Id = request.Holder, Pod = pod.Name, PodUid = pod.Uid });
        }
        else if (holders[index].PodUid != pod.Uid || holders[index].Closed == true)
        {
            return (account, GrantOutcome.HolderClosed, Money.Zero);
        }

        var holder = Book(holders[index], request);
        if (request.Closing)
        {
            var reserved = Money.Min(Money.Max(request.Reserved, Money.Zero), Outstanding(holder));
            holders[index] = holder;
            return (Fold(account with { Holders = holders }, holder, reserved, keepListed: true), GrantOutcome.Granted, holder.Granted);
        }

        holders[index] = holder;
        account = Sum(account with { Holders = holders });
        if (request.WantTotal is not { } want || want <= holder.Granted)
            return (account, GrantOutcome.Granted, holder.Granted);
        return Grant(account, index, want - holder.Granted, Money.Max(request.Call ?? Money.Zero, Money.Zero), extra, mayGrant, observe);
    }

    /// <summary>Takes the holders of pods that are gone for lost: what they held counts as spent. No message of theirs can come any more.</summary>
    public static BudgetLedgerStatus Lose(BudgetLedgerStatus account, Func<LedgerHolder, bool> isLost)
    {
        foreach (var lost in account.Holders.Where(isLost).ToList())
            account = Fold(account, lost, Outstanding(lost), keepListed: false);
        return account;
    }

    /// <summary>What a holder may still spend.</summary>
    public static Money Outstanding(LedgerHolder holder) => Money.Max(Money.Zero, holder.Granted - holder.Settled - holder.Unproven - holder.Returned);

    /// <summary>Settled plus unproven.</summary>
    public static Money Spent(BudgetLedgerStatus account) => (account.Settled ?? Money.Zero) + (account.Unproven ?? Money.Zero);

    private static (BudgetLedgerStatus, GrantOutcome, Money) Grant(BudgetLedgerStatus account, int index, Money need, Money call, Money extra, bool mayGrant, bool observe)
    {
        var holders = account.Holders.ToList();
        var holder = holders[index];
        var cap = account.Cap ?? Money.Zero;
        var left = cap - Spent(account);
        var remainder = left - (account.Outstanding ?? Money.Zero);
        if (observe)
        {
            holders[index] = holder with { Granted = holder.Granted + Money.Max(need, Money.Min(extra, OnePercent(cap))) };
            return (Sum(account with { Holders = holders }), GrantOutcome.Granted, holders[index].Granted);
        }
        if (mayGrant && need <= remainder)
        {
            // The first grant is minimal. Later ones carry a little more, so that not every call costs a write, but never
            // more than 1 % of what is left: N lost pods strand at most N of these.
            var more = holder.Granted == Money.Zero ? Money.Zero : Money.Min(extra, OnePercent(remainder));
            var grant = Money.Min(Money.Max(need, more), remainder);
            holders[index] = holder with { Granted = holder.Granted + grant };
            account = Sum(account with { Holders = holders, LargestCall = Money.Max(account.LargestCall ?? Money.Zero, call) });
            return (account, GrantOutcome.Granted, holders[index].Granted);
        }
        if (call <= left)
            return (account, GrantOutcome.Held, holder.Granted);

        // A monster call says nothing about the agent; a call of a size that was let go before, refused, means: spent.
        var ordinary = left <= Money.Zero || call <= (account.LargestCall ?? Money.Zero);
        if (ordinary && mayGrant)
        {
            var by = account.ExhaustedBy is { } before && account.Exhausted == true ? Money.Min(before, call) : call;
            account = account with { Exhausted = true, ExhaustedBy = by };
        }
        return (account, GrantOutcome.Exhausted, holder.Granted);
    }

    private static Money OnePercent(Money amount) => new(decimal.Round(amount.Amount / 100m, Money.FractionDigits, MidpointRounding.ToZero));

    // Moves a holder's amounts into the closed sums, with the part of its outstanding money that is not proven unspent.
    private static BudgetLedgerStatus Fold(BudgetLedgerStatus account, LedgerHolder holder, Money unproven, bool keepListed)
    {
        var closed = new LedgerHolder { Id = holder.Id, Pod = holder.Pod, PodUid = holder.PodUid, Closed = true };
        return Sum(account with
        {
            ClosedSettled = (account.ClosedSettled ?? Money.Zero) + holder.Settled,
            ClosedUnproven = (account.ClosedUnproven ?? Money.Zero) + holder.Unproven + unproven,
            Holders = keepListed ? [.. account.Holders.Select(other => other == holder ? closed : other)] : [.. account.Holders.Where(other => other != holder)],
        });
    }

    private static bool IsBlank(GrantRequest request) =>
        request.Settled == Money.Zero && request.Unproven == Money.Zero && request.Returned == Money.Zero && request.Reserved == Money.Zero;

    // Totals only grow, so an old or repeated message changes nothing. Nobody gives back what it does not hold.
    private static LedgerHolder Book(LedgerHolder holder, GrantRequest request)
    {
        var settled = Money.Max(holder.Settled, request.Settled);
        var unproven = Money.Max(holder.Unproven, request.Unproven);
        var returnable = Money.Max(holder.Returned, holder.Granted - settled - unproven);
        return holder with
        {
            Settled = settled,
            Unproven = unproven,
            Returned = Money.Min(Money.Max(holder.Returned, request.Returned), returnable),
        };
    }

    private static BudgetLedgerStatus Sum(BudgetLedgerStatus account)
    {
        account = account with
        {
            Settled = (account.ClosedSettled ?? Money.Zero) + Money.Sum(account.Holders.Select(holder => holder.Settled)),
            Unproven = (account.ClosedUnproven ?? Money.Zero) + Money.Sum(account.Holders.Select(holder => holder.Unproven)),
            Outstanding = Money.Sum(account.Holders.Select(Outstanding)),
        };
        var left = (account.Cap ?? Money.Zero) - Spent(account);
        var resumes = account.Exhausted == true && account.ExhaustedBy is { } by && left > Money.Zero && left >= by;
        return resumes ? account with { Exhausted = false, ExhaustedBy = null } : account;
    }
}
