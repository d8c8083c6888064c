using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// An account as the holder of a shared budget. It reports the same totals as a guardrail does, read from the account itself, which is
/// stored. So a crash between the writes of the two ledgers loses no money: the account asks again for what the shared budget lent, and
/// gets the same answer. Pure.
/// </summary>
public static class Borrowing
{
    /// <summary>How an account appears in a shared budget: one holder for each time that it joined.</summary>
    /// <param name="account">The account.</param>
    /// <param name="first">The segment in which it joined; for one that is about to, the next.</param>
    public static string Holder(BudgetLedgerStatus account, long first) => $"{account.Id}-{first}";

    /// <summary>
    /// What the account says about a limit of it to the shared budget that lends it. Only what is written is told: what a leader knows and
    /// loses with its memory could come back under another name, unproven instead of settled, and would count twice there.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="limit">The limit; null to join.</param>
    /// <param name="written">The account as it is written.</param>
    /// <param name="need">What calls wait for that does not fit what is lent; null for a mere report.</param>
    /// <param name="call">The reservation of the first of them.</param>
    public static GrantRequest Request(
        BudgetLedgerStatus account,
        LedgerLimit? limit,
        BudgetLedgerStatus written,
        Amount? need,
        Amount? call
    )
    {
        if (limit is null)
            return new GrantRequest
            {
                Holder = Holder(account, account.Segment + 1),
                WantTotal = need,
                Call = call,
            };
        var told =
            written.Limits.FirstOrDefault(one => one.Budget == limit.Budget && one.Window == limit.Window && one.First == limit.First)
            ?? new LedgerLimit();
        return new GrantRequest
        {
            Holder = Holder(account, limit.First),
            Window = limit.Window,
            Settled = told.Settled,
            Unproven = told.Unproven,
            Returned = told.Returned ?? Amount.Zero,
            Reserved = told.Outstanding,
            WantTotal = need is { } more
                ? limit.Settled + limit.Unproven + (limit.Returned ?? Amount.Zero) + limit.Outstanding + more
                : null,
            Call = call,
            Closing = need is null && IsDone(written, told),
        };
    }

    /// <summary>Takes in what a shared budget lent.</summary>
    public static BudgetLedgerStatus Take(
        BudgetLedgerStatus account,
        AccountKey shared,
        LedgerLimit? limit,
        GrantResponse answer,
        DateTimeOffset now
    )
    {
        if (limit is not null)
        {
            var granted = limit with { Granted = Amount.Max(limit.Granted ?? Amount.Zero, answer.Granted) };
            account = account with { Limits = [.. account.Limits.Select(other => other == limit ? granted : other)] };
            if (limit.Last is not null || answer.Outcome is not (GrantOutcome.WindowOver or GrantOutcome.HolderClosed))
                return account;
            // The window of the shared budget is over. The loan of the next window is another limit, and this one ends when its holders
            // close.
            account = account with
            {
                Limits = [.. account.Limits.Select(other => other == granted ? granted with { Last = account.Segment } : other)],
            };
            return LedgerLimits.Sum(LedgerLimits.Next(account, []));
        }
        if (answer.Outcome is GrantOutcome.WindowOver or GrantOutcome.HolderClosed)
            return account;
        return LedgerLimits.Sum(
            LedgerLimits.Next(
                account,
                [
                    new LedgerLimit
                    {
                        Budget = shared.LedgerName,
                        Window = answer.Window,
                        Shared = true,
                        Begins = now.UtcDateTime,
                        Ends = answer.WindowEnds.UtcDateTime,
                        Granted = answer.Granted,
                    },
                ]
            )
        );
    }

    /// <summary>Gives back what no holder of the account holds. To be written before the shared budget is told.</summary>
    public static BudgetLedgerStatus ReturnIdle(BudgetLedgerStatus account) =>
        account with
        {
            Limits =
            [
                .. account.Limits.Select(limit =>
                    limit.Shared == true && Idle(limit) is { IsZero: false } idle
                        ? limit with
                        {
                            Returned = (limit.Returned ?? Amount.Zero) + idle,
                        }
                        : limit
                ),
            ],
        };

    /// <summary>What is lent and neither spent nor held.</summary>
    public static Amount Idle(LedgerLimit limit) =>
        (LedgerLimits.Cap(limit) - limit.Settled - limit.Unproven - limit.Outstanding).Positive();

    /// <summary>Whether nothing more can be spent of a limit, so that it can be closed.</summary>
    public static bool IsDone(BudgetLedgerStatus account, LedgerLimit limit) =>
        limit is { Shared: true, Last: not null } && !LedgerLimits.HasHolders(account, limit);

    /// <summary>Takes a limit out whose closing the shared budget has booked.</summary>
    public static BudgetLedgerStatus Unlist(BudgetLedgerStatus account, LedgerLimit closed) =>
        account with
        {
            Limits =
            [
                .. account.Limits.Where(limit =>
                    limit.Budget != closed.Budget || limit.Window != closed.Window || limit.First != closed.First
                ),
            ],
        };
}
