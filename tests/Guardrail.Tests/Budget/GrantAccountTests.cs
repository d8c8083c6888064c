using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Runs;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

public sealed class GrantAccountTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Ends = Now.AddHours(1);
    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    [Fact]
    public void Nothing_is_reserved_before_money_is_granted()
    {
        var account = new GrantAccount("holder");
        account.TryReserve(Usd(1), Now).ShouldBeNull();
        var want = account.Want(Usd(1));
        want.Request.WantTotal.ShouldBe(Usd(1));
        want.Request.Window.ShouldBeNull();
        account.Apply(want, Answer("w1", 1), Now);
        account.TryReserve(Usd(1), Now).ShouldNotBeNull();
        account.TryReserve(new Money(0.000000000001m), Now).ShouldBeNull();
    }

    [Fact]
    public void Before_it_knows_its_window_it_tells_of_no_spend_and_with_the_first_message_after_that_of_all()
    {
        // Such a message counts where it arrives: one that came late would take the number of a batch of the next window, and that one
        // would be lost.
        var account = new GrantAccount("holder");
        account.RunEnded("run-1", new Money(1));
        var want = account.Want(Usd(1));
        want.Request.Spend.ShouldBeEmpty();
        account.Apply(want, Answer("w1", 1), Now);
        account.Want(Usd(1)).Request.Spend.ShouldHaveSingleItem().Runs.ShouldHaveSingleItem().Id.ShouldBe("run-1");
    }

    [Fact]
    public void What_never_knew_its_window_tells_of_its_spend_when_it_closes()
    {
        // An observed budget lets calls go before there is an answer; the ledger has the line of the first message, and books money and
        // spend together.
        var account = new GrantAccount("holder");
        account.Want(Usd(1));
        account.Settle(account.Reserve(Usd(1)).Reservation, Usd(1), Now, new SpendLabels("model", "revision", Tags.Empty));
        account.Want(Usd(1)).Request.Spend.ShouldBeEmpty();
        account.Close(Now);
        var closing = account.Closings().ShouldHaveSingleItem();
        (closing.Window, closing.Closing, closing.Settled).ShouldBe((null, true, Usd(1)));
        closing
            .Spend.ShouldHaveSingleItem()
            .By.Single(dimension => dimension.Name == Attribution.Model)
            .Values.ShouldHaveSingleItem()
            .Cost.ShouldBe(new Money(1));
    }

    [Fact]
    public void A_settlement_frees_the_rest_and_an_overrun_is_booked_in_full()
    {
        var account = Funded(10);
        var call = account.TryReserve(Usd(4), Now)!;
        account.Settle(call, Usd(1), Now).ShouldBeFalse();
        account.Totals.Free.ShouldBe(Usd(9));
        // A second settlement of the same call is no second bill.
        account.Settle(call, Usd(1), Now);
        account.Totals.Settled.ShouldBe(Usd(1));
        account.Settle(account.TryReserve(Usd(9), Now)!, Usd(12), Now).ShouldBeTrue();
        account.Totals.Free.ShouldBe(Usd(-3));
        account.TryReserve(Money.Zero, Now).ShouldBeNull();
    }

    [Fact]
    public void Money_of_a_window_ends_with_it_and_late_calls_settle_where_they_began()
    {
        var account = Funded(10);
        var late = account.TryReserve(Usd(4), Now)!;
        account.TryReserve(Usd(1), Ends).ShouldBeNull();
        account.Apply(account.Want(Usd(1)), Answer("w2", 0, GrantOutcome.WindowOver, Ends.AddHours(1)), Ends);
        account.Totals.Window.ShouldBe("w2");
        account.OldWindows.ShouldBe(1);
        account.Due(Ends.AddMinutes(1), Coalesce, Heartbeat)!.Request.Closing.ShouldBeFalse();
        account.Settle(late, Usd(3), Ends);
        account.Totals.Settled.ShouldBe(Money.Zero);
        var closing = account.Due(Ends, Coalesce, Heartbeat)!;
        (closing.Request.Window, closing.Request.Settled, closing.Request.Closing).ShouldBe(("w1", Usd(3), true));
        account.Apply(closing, Answer("w2", 10, GrantOutcome.WindowOver, Ends.AddHours(1)), Ends);
        account.OldWindows.ShouldBe(0);
    }

    [Fact]
    public void News_are_reported_once_and_holders_of_money_are_not_silent()
    {
        var account = Funded(10);
        account.Due(Now, Coalesce, Heartbeat).ShouldBeNull();
        account.MarkUnproven(account.TryReserve(Usd(2), Now)!, Now);
        account.Due(Now, Coalesce, Heartbeat).ShouldBeNull();
        var report = account.Due(Now + Coalesce, Coalesce, Heartbeat)!;
        report.Request.Unproven.ShouldBe(Usd(2));
        // Something changed while the report was under way: it is news still.
        account.Settle(account.TryReserve(Usd(1), Now)!, Usd(1), Now + Coalesce);
        account.Apply(report, Answer("w1", 10), Now + Coalesce);
        // As old as any news must be: a busy pod does not report without a pause.
        account.Due(Now + Coalesce + Coalesce - TimeSpan.FromMilliseconds(1), Coalesce, Heartbeat).ShouldBeNull();
        account.Due(Now + Coalesce + Coalesce, Coalesce, Heartbeat)!.Request.Settled.ShouldBe(Usd(1));
        account.Apply(account.Due(Now + Coalesce + Coalesce, Coalesce, Heartbeat)!, Answer("w1", 10), Now);
        account.Due(Now + TimeSpan.FromSeconds(9), Coalesce, Heartbeat).ShouldBeNull();
        account.Due(Now + Heartbeat, Coalesce, Heartbeat).ShouldNotBeNull();
    }

    [Fact]
    public void Closing_counts_what_is_in_flight_as_unproven_once()
    {
        var account = Funded(10);
        var call = account.TryReserve(Usd(4), Now)!;
        account.Close(Now).ShouldBeTrue();
        account.Settle(call, Usd(1), Now);
        account.TryReserve(Money.Zero, Now).ShouldBeNull();
        var closing = account.Due(Now, Coalesce, Heartbeat)!.Request;
        (closing.Closing, closing.Unproven, closing.Settled, closing.Reserved).ShouldBe((true, Usd(4), Money.Zero, Money.Zero));
    }

    [Fact]
    public void A_late_or_repeated_answer_never_lowers_the_grant()
    {
        var account = Funded(10);
        account.Apply(account.Want(Usd(1)), Answer("w1", 4), Now);
        account.Totals.Granted.ShouldBe(Usd(10));
    }

    /// <summary>Random orders of everything that can happen: money is conserved, and never spent beyond the grant.</summary>
    [Fact]
    public void Nothing_is_ever_spent_beyond_what_was_granted()
    {
        var step = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 400], Gen.Int[0, 30]);
        step.Array[1, 60]
            .Sample(
                steps =>
                {
                    var account = new GrantAccount("holder");
                    var open = new List<Reservation>();
                    var granted = Money.Zero;
                    var spent = Money.Zero;
                    foreach (var (kind, amount, index) in steps)
                    {
                        var money = new Money(amount / 100m);
                        switch (kind)
                        {
                            case 0 or 1:
                                if (account.TryReserve(money, Now) is { } reservation)
                                    open.Add(reservation);
                                break;
                            case 2 when open.Count > 0:
                                var settled = open[index % open.Count];
                                var actual = new Money(
                                    decimal.Round(settled.Amount.Cost.Amount * index / 30m, Money.FractionDigits, MidpointRounding.ToZero)
                                );
                                account.Settle(settled, actual, Now);
                                spent += actual;
                                open.Remove(settled);
                                break;
                            case 3 when open.Count > 0:
                                var lost = open[index % open.Count];
                                account.MarkUnproven(lost, Now);
                                spent += lost.Amount.Cost;
                                open.Remove(lost);
                                break;
                            case 4:
                                var want = account.Want(money);
                                // Answers may be lost, partial, or late.
                                if (index % 3 == 0)
                                    break;
                                if (index % 3 == 1)
                                    granted = Money.Max(granted, want.Request.WantTotal!.Value.Cost);
                                account.Apply(want, Answer("w1", granted.Amount), Now);
                                break;
                            case 5:
                                account.ReturnFree(Now);
                                break;
                            default:
                                break;
                        }
                        var totals = account.Totals;
                        (totals.Settled + totals.Unproven).Cost.ShouldBe(spent);
                        totals.Reserved.ShouldBe(Amount.Sum(open.Select(o => o.Amount)));
                        (totals.Settled + totals.Unproven + totals.Returned + totals.Reserved + totals.Free).ShouldBe(totals.Granted);
                        totals.Free.Cost.Amount.ShouldBeGreaterThanOrEqualTo(0);
                        totals.Granted.Cost.Amount.ShouldBeLessThanOrEqualTo(granted.Amount);
                    }
                },
                iter: 2000
            );
    }

    private static GrantAccount Funded(decimal granted)
    {
        var account = new GrantAccount("holder");
        account.Apply(account.Want(Usd(granted)), Answer("w1", granted), Now);
        return account;
    }

    private static Money Usd(decimal amount) => new(amount);

    private static GrantResponse Answer(
        string window,
        decimal granted,
        GrantOutcome outcome = GrantOutcome.Granted,
        DateTimeOffset? ends = null
    ) =>
        new()
        {
            Outcome = outcome,
            Window = window,
            WindowEnds = ends ?? Ends,
            Granted = new Money(granted),
            Cap = new Money(100),
        };
}
