using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>Which limits an account has at a moment, and their sums. Pure.</summary>
public static class LedgerLimits
{
    private const int MostLimits = 48;
    private const int MostPrevious = 16;

    /// <summary>Whether a line's segment counts for a limit.</summary>
    public static bool Counts(LedgerLimit limit, long segment) => limit.First <= segment && (limit.Last is not { } last || segment <= last);

    /// <summary>Settled plus unproven, less what was written off.</summary>
    public static Amount Spent(LedgerLimit limit) => limit.Settled + limit.Unproven - (limit.WrittenOff ?? Amount.Zero);

    /// <summary>The cap; what is not limited is unlimited.</summary>
    public static Amount Cap(LedgerLimit limit) =>
        limit.Shared == true
            ? (limit.Granted ?? Amount.Zero) - (limit.Returned ?? Amount.Zero)
            : new Amount(limit.MaxCost ?? Amount.Unlimited.Cost, limit.MaxTokens ?? Amount.Unlimited.Tokens);

    /// <summary>The open limits.</summary>
    public static IEnumerable<LedgerLimit> Current(BudgetLedgerStatus account) => account.Limits.Where(limit => limit.Last is null);

    /// <summary>The name of the open segment in the grant protocol.</summary>
    public static string WindowName(BudgetLedgerStatus account, long segment) => $"{account.Id}-{segment}";

    /// <summary>
    /// Takes over what is declared now: caps, new windows, those that are over. A window that is open stays open until its end, whatever a
    /// clock, a time zone or a spec says meanwhile: so nothing that somebody edits, and no clock that jumps, ends a window early.
    /// </summary>
    public static BudgetLedgerStatus Open(BudgetLedgerStatus account, AccountTerms terms, DateTimeOffset now, string id)
    {
        var isNew = account.Id is null;
        account = isNew ? account with { Id = id } : account;
        var limits = new List<LedgerLimit>();
        var opened = new List<LedgerLimit>();
        var ended = false;
        foreach (var limit in account.Limits)
        {
            var mine = limit.Shared == true ? null : terms.Limits.FirstOrDefault(one => one.Budget == limit.Budget);
            if (limit.Last is not null)
            {
                limits.Add(limit);
                continue;
            }
            var goesOn = now.UtcDateTime < limit.Ends || (mine is not null && mine.Window == limit.Window);
            if (limit.Shared == true)
                goesOn = now.UtcDateTime < limit.Ends && terms.Shared.Any(shared => shared.LedgerName == limit.Budget);
            if (goesOn)
            {
                limits.Add(limit.Shared == true ? limit with { Observe = Yes(terms.SharedObserve) } : Declare(limit, mine, now));
                continue;
            }
            ended = true;
            limits.Add(limit with { Last = account.Segment });
            if (mine is not null)
                opened.Add(Begin(mine, limit));
        }
        foreach (
            var fresh in terms.Limits.Where(one =>
                !limits.Exists(limit => limit.Last is null && limit.Budget == one.Budget)
                && !opened.Exists(limit => limit.Budget == one.Budget)
            )
        )
            opened.Add(Lost(account, terms, fresh, isNew));
        account = account with { Limits = limits };
        if (opened.Count > 0 || ended || isNew)
            account = Next(account, opened);
        return Prune(Sum(account));
    }

    /// <summary>Begins a segment with more limits.</summary>
    public static BudgetLedgerStatus Next(BudgetLedgerStatus account, IReadOnlyList<LedgerLimit> opened)
    {
        var segment = account.Segment + 1;
        IReadOnlyList<LedgerLimit> limits = [.. account.Limits, .. opened.Select(limit => limit with { First = segment })];
        return account with
        {
            Segment = segment,
            Limits = limits,
            SegmentEnds = limits.Where(limit => limit.Last is null).Select(limit => (DateTime?)limit.Ends).Min(),
            // A closed holder of an earlier segment needs no tombstone, because a late message of it names a window that no longer exists.
            Holders = [.. account.Holders.Where(holder => holder.Closed != true)],
        };
    }

    /// <summary>The sums of the limits, and whether an exhaustion is over.</summary>
    public static BudgetLedgerStatus Sum(BudgetLedgerStatus account)
    {
        var limits = account
            .Limits.Select(limit =>
            {
                var (settled, unproven, outstanding) = (
                    limit.ClosedSettled ?? Amount.Zero,
                    limit.ClosedUnproven ?? Amount.Zero,
                    Amount.Zero
                );
                foreach (var holder in account.Holders)
                {
                    if (holder.Closed == true || !Counts(limit, holder.Segment))
                        continue;
                    var spent = Spend(limit, holder);
                    settled += spent.Settled;
                    unproven += spent.Unproven;
                    outstanding += LedgerRules.Outstanding(holder);
                }
                var summed = limit with { Settled = settled, Unproven = unproven, Outstanding = outstanding };
                return Resumes(summed) ? summed with { Exhausted = null, ExhaustedBy = null, ExhaustedAt = null } : summed;
            })
            .ToList();
        account = account with { Limits = limits };
        return account with { Exhausted = Yes(Current(account).Any(limit => limit is { Exhausted: true, Observe: not true })) };
    }

    /// <summary>
    /// What a line counts for a limit. A shared budget is told no more than what it lent could buy: what a pod reports beyond that stays the
    /// agent's own, so that no tenant can spend the budget of the others with a message. Where nothing is enforced, nothing is lent first.
    /// </summary>
    internal static (Amount Settled, Amount Unproven) Spend(LedgerLimit limit, LedgerHolder holder)
    {
        if (limit is not { Shared: true, Observe: not true })
            return (holder.Settled, holder.Unproven);
        var bought = (holder.Granted - holder.Returned).Positive();
        var settled = Amount.Min(holder.Settled, bought);
        return (settled, Amount.Min(holder.Unproven, bought - settled));
    }

    /// <summary>Takes out own windows that are over and whose holders have closed: their last sums are final.</summary>
    public static BudgetLedgerStatus Prune(BudgetLedgerStatus account)
    {
        var over = account.Limits.Where(limit => limit is { Last: not null, Shared: not true } && !HasHolders(account, limit)).ToList();
        // A pod that never closes an old segment must not fill the ledger. What it holds becomes unproven, as if the pod were lost.
        over.AddRange(
            account
                .Limits.Where(limit => limit is { Last: not null, Shared: not true })
                .Except(over)
                .Take(Math.Max(0, account.Limits.Count - over.Count - MostLimits))
        );
        if (over.Count == 0)
            return account;
        var previous = account.Previous.ToList();
        foreach (var limit in over)
        {
            previous.RemoveAll(old => old.Budget == limit.Budget);
            previous.Add(
                new ClosedWindow
                {
                    Budget = limit.Budget,
                    Window = limit.Window,
                    MaxCost = limit.MaxCost,
                    MaxTokens = limit.MaxTokens,
                    Settled = limit.Settled,
                    Unproven = limit.Unproven + limit.Outstanding,
                }
            );
        }
        return account with
        {
            Limits = [.. account.Limits.Where(limit => !over.Contains(limit))],
            Previous = [.. previous.TakeLast(MostPrevious)],
        };
    }

    /// <summary>Whether a line that is still open counts for a limit.</summary>
    public static bool HasHolders(BudgetLedgerStatus account, LedgerLimit limit) =>
        account.Holders.Any(holder => holder.Closed != true && Counts(limit, holder.Segment));

    private static LedgerLimit Begin(LimitTerms terms, LedgerLimit? before)
    {
        var limit = new LedgerLimit
        {
            Budget = terms.Budget,
            Window = terms.Window,
            Begins = before is not null && before.Ends > terms.Begins.UtcDateTime ? before.Ends : terms.Begins.UtcDateTime,
            Ends = terms.Ends.UtcDateTime,
            LargestCall = before?.LargestCall,
        };
        // An exhaustion that waits for a person lasts into the next window.
        if (terms.Manual && before is { Exhausted: true })
            limit = limit with { Exhausted = true, ExhaustedBy = before.ExhaustedBy, ExhaustedAt = before.ExhaustedAt };
        return Declare(limit, terms, null);
    }

    // The ledger is new, but the status of its owner names another one in the same window. What the old ledger recorded is lost, so all
    // of the window becomes unproven.
    private static LedgerLimit Lost(BudgetLedgerStatus account, AccountTerms terms, LimitTerms fresh, bool isNew)
    {
        var limit = Begin(fresh, null);
        return
            isNew
            && terms.Witness is { } witness
            && witness.Id != account.Id
            && witness.Windows.TryGetValue(fresh.Budget, out var window)
            && window == fresh.Window
            ? limit with
            {
                ClosedUnproven = new Amount(limit.MaxCost ?? Money.Zero, limit.MaxTokens ?? 0),
            }
            : limit;
    }

    private static LedgerLimit Declare(LedgerLimit limit, LimitTerms? terms, DateTimeOffset? now)
    {
        // A window that is not declared any more counts until it is over, so that declaring it again resets nothing.
        if (terms is null)
            return limit with { Observe = true };
        limit = limit with
        {
            Ends = now?.UtcDateTime >= limit.Ends ? terms.Ends.UtcDateTime : limit.Ends,
            MaxCost = terms.MaxCost,
            MaxTokens = terms.MaxTokens,
            Observe = Yes(terms.Observe),
            Manual = Yes(terms.Manual),
            WrittenOff = terms.WrittenOff.TryGetValue(limit.Window, out var writtenOff)
                ? Amount.Min(writtenOff, limit.Unproven) is { IsZero: false } some
                    ? some
                    : null
                : null,
        };
        return limit is { Exhausted: true, Manual: true } && terms.ResumedAt > limit.ExhaustedAt ? limit with { Manual = null } : limit;
    }

    private static bool Resumes(LedgerLimit limit)
    {
        if (limit.Exhausted != true || limit.Manual == true || limit.ExhaustedBy is not { } by)
            return limit.Exhausted == true && limit.Manual != true;
        var left = Cap(limit) - Spent(limit);
        return left.Cost > Money.Zero && left.Tokens > 0 && by.FitsIn(left);
    }

    private static bool? Yes(bool value) => value ? true : null;
}
