using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// The arithmetic of an escrow account. Pure: it takes an account and a message and returns an account and an answer. The caller writes the
/// account before it sends the answer. Kept at every step, for each limit: settled + unproven + outstanding ≤ the cap in force when the
/// last grant was made, unless a settlement exceeded its reservation, which is booked in full and never hidden.
/// </summary>
public static class LedgerRules
{
    /// <summary>The most holders that are listed at once.</summary>
    public const int MaxHolders = 2000;

    // A pod whose guardrail crashes again and again leaves a tombstone of each process.
    private const int MostTombstones = 8;

    /// <summary>Books a report and decides about what is wanted.</summary>
    /// <param name="account">The account, its limits open (see <see cref="LedgerLimits.Open"/>).</param>
    /// <param name="request">The message.</param>
    /// <param name="pod">Who sent it.</param>
    /// <param name="hints">What it may get beyond its need, and who is to be served first.</param>
    /// <param name="terms">What is declared.</param>
    /// <param name="now">The moment.</param>
    public static GrantDecision Apply(
        BudgetLedgerStatus account,
        GrantRequest request,
        HolderPod pod,
        GrantHints hints,
        AccountTerms terms,
        DateTimeOffset now
    )
    {
        if (SegmentOf(account, request.Window) is not { } segment || segment > account.Segment)
        {
            // The message is about a ledger that was deleted, or about a state of this one that was lost. What else was spent there is not
            // known.
            return new GrantDecision(IsBlank(request) ? account : CloseRemainder(account), GrantOutcome.WindowOver, Amount.Zero)
            {
                IsUrgent = !IsBlank(request),
            };
        }
        var holders = account.Holders.ToList();
        var index = holders.FindIndex(holder => holder.Id == request.Holder && holder.Segment == segment);
        var opened = index < 0;
        if (opened)
        {
            if (segment != account.Segment)
                return new GrantDecision(account, GrantOutcome.WindowOver, Amount.Zero);
            if (holders.Exists(holder => holder.Id == request.Holder && (holder.Closed == true || holder.PodUid != pod.Uid)))
                return new GrantDecision(account, GrantOutcome.HolderClosed, Amount.Zero);
            if (!IsBlank(request) && !terms.Observe)
                return new GrantDecision(request.Window is null ? account : CloseRemainder(account), GrantOutcome.HolderClosed, Amount.Zero)
                {
                    IsUrgent = true,
                };
            if (request.Closing || request.WantTotal is null)
                return new GrantDecision(account, GrantOutcome.Granted, Amount.Zero, Nearest(account));
            // A pod has one guardrail process. A new one means that the old one is gone, and what it held is not proven to be unspent.
            foreach (var old in holders.Where(old => old.PodUid == pod.Uid && old.Id != request.Holder && old.Closed != true).ToList())
                account = CloseHolder(account, old, Outstanding(old), tombstone: true);
            holders = [.. account.Holders];
            if (holders.Count >= MaxHolders)
                return new GrantDecision(account, GrantOutcome.Held, Amount.Zero, Nearest(account));
            index = holders.Count;
            holders.Add(
                new LedgerHolder
                {
                    Id = request.Holder,
                    Segment = segment,
                    Pod = pod.Name,
                    PodUid = pod.Uid,
                }
            );
        }
        else if (holders[index].PodUid != pod.Uid || holders[index].Closed == true)
        {
            return new GrantDecision(account, GrantOutcome.HolderClosed, Amount.Zero);
        }

        (account, var holder) = SpendBook.Note(account, Book(holders[index], request), request.Spend);
        holders[index] = holder;
        if (request.Closing)
        {
            var reserved = Amount.Min(request.Reserved.Positive(), Outstanding(holder));
            account = CloseHolder(account with { Holders = holders }, holder, reserved, tombstone: segment == account.Segment);
            return new GrantDecision(LedgerLimits.Prune(account), GrantOutcome.Granted, holder.Granted, Nearest(account))
            {
                IsUrgent = true,
            };
        }
        account = LedgerLimits.Sum(account with { Holders = holders });
        if (segment != account.Segment)
            return new GrantDecision(account, GrantOutcome.WindowOver, holder.Granted);
        if (request.WantTotal is not { } want || want.FitsIn(holder.Granted))
            return new GrantDecision(account, GrantOutcome.Granted, holder.Granted, Nearest(account));
        return Grant(account, index, (want - holder.Granted).Positive(), (request.Call ?? Amount.Zero).Positive(), hints, terms, now);
    }

    /// <summary>
    /// Closes the holders of pods that are gone as lost: what they held counts as spent. They cannot send messages any more.
    /// </summary>
    public static BudgetLedgerStatus CloseLost(BudgetLedgerStatus account, Func<LedgerHolder, bool> isLost)
    {
        foreach (var lost in account.Holders.Where(isLost).ToList())
            account = CloseHolder(account, lost, Outstanding(lost), tombstone: false);
        return LedgerLimits.Prune(account);
    }

    /// <summary>Takes everything that is left of the own windows for spent: a ledger before this one is gone, and what it knew.</summary>
    public static BudgetLedgerStatus CloseRemainder(BudgetLedgerStatus account) =>
        LedgerLimits.Sum(
            account with
            {
                Limits =
                [
                    .. account.Limits.Select(limit =>
                        limit is { Last: null, Shared: not true }
                            ? limit with
                            {
                                ClosedUnproven =
                                    (limit.ClosedUnproven ?? Amount.Zero)
                                    + new Amount(
                                        limit.MaxCost is null ? Money.Zero : Left(limit).Cost,
                                        limit.MaxTokens is null ? 0 : Left(limit).Tokens
                                    ).Positive(),
                            }
                            : limit
                    ),
                ],
            }
        );

    /// <summary>The line of a holder as it is after a report; null where the report is booked nowhere.</summary>
    internal static LedgerHolder? Booked(BudgetLedgerStatus account, GrantRequest request, HolderPod pod) =>
        account.Holders.FirstOrDefault(line =>
            line.Id == request.Holder && line.PodUid == pod.Uid && line.Closed != true && line.Segment == SegmentOf(account, request.Window)
        )
            is { } holder
            ? Book(holder, request)
            : null;

    /// <summary>What a holder may still spend.</summary>
    public static Amount Outstanding(LedgerHolder holder) =>
        (holder.Granted - holder.Settled - holder.Unproven - holder.Returned).Positive();

    private static Amount Left(LedgerLimit limit) => LedgerLimits.Cap(limit) - LedgerLimits.Spent(limit) - limit.Outstanding;

    private static GrantDecision Grant(
        BudgetLedgerStatus account,
        int index,
        Amount need,
        Amount call,
        GrantHints hints,
        AccountTerms terms,
        DateTimeOffset now
    )
    {
        var holder = account.Holders[index];
        var enforced = LedgerLimits.Current(account).Where(limit => limit.Observe != true).ToList();
        // Spend that is certain is checked first, since only that may end in a refusal that scales the agent down.
        if (!terms.Observe)
        {
            foreach (var limit in enforced.Where(limit => limit.Shared != true))
            {
                var left = LedgerLimits.Cap(limit) - LedgerLimits.Spent(limit);
                if (!call.FitsIn(left) || limit is { Exhausted: true, Manual: true })
                    return Exhaust(account, holder, limit, call, left, terms, now);
            }
            foreach (
                var limit in enforced.Where(limit => limit.Shared != true && (!terms.MayGrant || !(need + hints.Ahead).FitsIn(Left(limit))))
            )
                return new GrantDecision(account, GrantOutcome.Held, holder.Granted, limit);
        }
        // The account cannot borrow from a shared budget that it has not joined.
        var lent = LedgerLimits
            .Current(account)
            .Where(limit => limit.Shared == true)
            .ToDictionary(limit => limit.Budget, StringComparer.Ordinal);
        var lacking = terms
            .Shared.Select(shared => shared.LedgerName)
            .Where(shared => !lent.TryGetValue(shared, out var limit) || !need.FitsIn(Left(limit)))
            .ToList();
        if (lacking.Count > 0)
            return new GrantDecision(account, GrantOutcome.Held, holder.Granted, lent.GetValueOrDefault(lacking[0]), lacking);
        if (!terms.MayGrant)
            return new GrantDecision(account, GrantOutcome.Held, holder.Granted, Nearest(account));

        // The first grant is minimal. Later ones carry a little more, so that not every call costs a write, but never
        // more than 1 % of what is left: N lost pods strand at most N of these.
        var more = holder.Granted.IsZero ? Amount.Zero : hints.Extra;
        var most = Amount.Unlimited;
        foreach (var limit in LedgerLimits.Current(account))
        {
            var observed = limit is { Observe: true, Shared: not true };
            more = Amount.Min(more, (observed ? LedgerLimits.Cap(limit) : Left(limit)).Positive().OnePercent());
            most = observed ? most : Amount.Min(most, Left(limit));
        }
        var grant = Amount.Max(need, more);
        // Calls that wait right now count as need too, where all of them fit.
        if ((need + hints.Also + hints.Ahead).FitsIn(most))
            grant = Amount.Max(grant, need + hints.Also);
        var granted = holder.Granted + grant;
        account = LedgerLimits.Sum(
            account with
            {
                Holders = [.. account.Holders.Select((other, i) => i == index ? other with { Granted = granted } : other)],
                Limits =
                [
                    .. account.Limits.Select(limit =>
                        limit is { Last: null, Shared: not true } && !call.FitsIn(limit.LargestCall ?? Amount.Zero)
                            ? limit with
                            {
                                LargestCall = Amount.Max(limit.LargestCall ?? Amount.Zero, call),
                            }
                            : limit
                    ),
                ],
            }
        );
        return new GrantDecision(account, GrantOutcome.Granted, granted, Nearest(account)) { IsUrgent = true };
    }

    // The refusal of an unusually large call does not mean that the budget is spent. The refusal of a call whose size was granted before
    // does.
    private static GrantDecision Exhaust(
        BudgetLedgerStatus account,
        LedgerHolder holder,
        LedgerLimit limit,
        Amount call,
        Amount left,
        AccountTerms terms,
        DateTimeOffset now
    )
    {
        var ordinary = left.Cost <= Money.Zero || left.Tokens <= 0 || call.FitsIn(limit.LargestCall ?? Amount.Zero);
        if (!ordinary || !terms.MayGrant)
            return new GrantDecision(account, GrantOutcome.Exhausted, holder.Granted, limit);
        var by = limit is { Exhausted: true, ExhaustedBy: { } before } ? Amount.Min(before, call) : call;
        var spent = limit with { Exhausted = true, ExhaustedBy = by, ExhaustedAt = limit.ExhaustedAt ?? now.UtcDateTime };
        account = account with { Limits = [.. account.Limits.Select(other => other == limit ? spent : other)], Exhausted = true };
        return new GrantDecision(account, GrantOutcome.Exhausted, holder.Granted, spent)
        {
            IsUrgent = limit.Exhausted != true || limit.ExhaustedBy != by,
        };
    }

    /// <summary>The open limit of which the largest share is spent.</summary>
    public static LedgerLimit? Nearest(BudgetLedgerStatus account) =>
        LedgerLimits.Current(account).Where(limit => limit.Shared != true).MaxBy(Share);

    private static decimal Share(LedgerLimit limit)
    {
        var (cap, spent) = (LedgerLimits.Cap(limit), LedgerLimits.Spent(limit));
        return Math.Max(
            cap.Cost > Money.Zero ? spent.Cost.Amount / cap.Cost.Amount : 1m,
            cap.Tokens > 0 ? (decimal)spent.Tokens / cap.Tokens : 1m
        );
    }

    private static long? SegmentOf(BudgetLedgerStatus account, string? window) =>
        window is null ? account.Segment
        : account.Id is { } id
        && window.Length > id.Length
        && window[id.Length] == '-'
        && window.StartsWith(id, StringComparison.Ordinal)
        && long.TryParse(
            window.AsSpan(id.Length + 1),
            System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture,
            out var segment
        )
            ? segment
        : null;

    // Moves a line's amounts into the closed sums of each limit that it counts for, with the part of its money that is not proven unspent.
    private static BudgetLedgerStatus CloseHolder(BudgetLedgerStatus account, LedgerHolder holder, Amount unproven, bool tombstone)
    {
        var rest = account.Holders.Where(other => other != holder).ToList();
        if (tombstone && holder.Segment == account.Segment)
        {
            // The oldest tombstone is removed. Only recent reports are repeated by senders that saw no answer, so it is not needed any
            // more.
            if (rest.Count(other => other.Closed == true && other.PodUid == holder.PodUid) >= MostTombstones)
                rest.Remove(rest.First(other => other.Closed == true && other.PodUid == holder.PodUid));
            rest.Add(
                new LedgerHolder
                {
                    Id = holder.Id,
                    Segment = holder.Segment,
                    Pod = holder.Pod,
                    PodUid = holder.PodUid,
                    Closed = true,
                }
            );
        }
        if (holder.Closed == true)
            return account with { Holders = rest };
        return LedgerLimits.Sum(
            account with
            {
                Holders = rest,
                Limits =
                [
                    .. account.Limits.Select(limit =>
                        !LedgerLimits.Counts(limit, holder.Segment)
                            ? limit
                            : limit with
                            {
                                ClosedSettled = Some((limit.ClosedSettled ?? Amount.Zero) + LedgerLimits.Spend(limit, holder).Settled),
                                ClosedUnproven = Some(
                                    (limit.ClosedUnproven ?? Amount.Zero) + LedgerLimits.Spend(limit, holder).Unproven + unproven
                                ),
                            }
                    ),
                ],
            }
        );
    }

    private static Amount? Some(Amount amount) => amount.IsZero ? null : amount;

    private static bool IsBlank(GrantRequest request) =>
        request.Settled.IsZero && request.Unproven.IsZero && request.Returned.IsZero && request.Reserved.IsZero;

    // Totals only grow, so an old or repeated message changes nothing. A holder cannot return more than it holds.
    private static LedgerHolder Book(LedgerHolder holder, GrantRequest request)
    {
        var settled = Amount.Max(holder.Settled, request.Settled);
        var unproven = Amount.Max(holder.Unproven, request.Unproven);
        var returnable = Amount.Max(holder.Returned, holder.Granted - settled - unproven);
        return holder with
        {
            Settled = settled,
            Unproven = unproven,
            Returned = Amount.Min(Amount.Max(holder.Returned, request.Returned), returnable),
        };
    }
}
