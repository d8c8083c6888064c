using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

public sealed class LedgerRulesTests
{
    private static readonly HolderPod PodA = new("a", "uid-a");
    private static readonly HolderPod PodB = new("b", "uid-b");
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly AccountTerms Today = Terms(Day(10));

    [Fact]
    public void The_first_grant_is_exactly_what_the_call_needs()
    {
        var (account, outcome, granted) = Apply(Open(), Want("h1", 0.75m), PodA, extra: 5);

        outcome.ShouldBe(GrantOutcome.Granted);
        granted.ShouldBe(Usd(0.75m));
        Limit(account).Outstanding.ShouldBe(Usd(0.75m));
    }

    [Fact]
    public void A_later_grant_carries_more_but_at_most_one_percent_of_what_is_left()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 1m), PodA, extra: 5);

        var (_, _, granted) = Apply(account, Want("h1", 1.01m, settled: 1m), PodA, extra: 5);

        granted.ShouldBe(Usd(1.09m), "0.01 was needed, 9.00 were left, 1 % of it is 0.09");
    }

    [Fact]
    public void An_observed_cap_grants_beyond_itself_counts_all_and_knows_a_holder_that_spent_before_it_was_known()
    {
        var observed = Terms(Day(10) with { Observe = true });
        var late = Want("h1", 12m, settled: 11m);

        var (account, outcome, granted) = Apply(Open(observed), late, PodA, observed);
        (outcome, granted, Limit(account).Settled).ShouldBe((GrantOutcome.Granted, Usd(12), Usd(11)));
        account.Exhausted.ShouldNotBe(true);

        (_, outcome, _) = Apply(Open(), late, PodA);
        outcome.ShouldBe(GrantOutcome.HolderClosed, "an enforced cap takes it for one whose ledger is gone");
    }

    [Fact]
    public void A_repeated_or_late_message_changes_nothing()
    {
        var (once, _, granted) = Apply(Open(), Want("h1", 1m), PodA);
        var (more, _, _) = Apply(once, Want("h1", 2m, settled: 0.5m), PodA);

        var (again, outcome, same) = Apply(more, Want("h1", 1m), PodA);

        granted.ShouldBe(Usd(1));
        outcome.ShouldBe(GrantOutcome.Granted);
        same.ShouldBe(Usd(2));
        Limit(again).ShouldBe(Limit(more));
    }

    [Fact]
    public void A_call_that_others_hold_the_money_for_waits_and_exhausts_nothing()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 9.5m), PodA);

        var (after, outcome, _) = Apply(account, Want("h2", 1m), PodB);

        outcome.ShouldBe(GrantOutcome.Held);
        after.Exhausted.ShouldNotBe(true);
    }

    [Fact]
    public void What_comes_free_is_for_those_who_asked_before()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 5m), PodA);

        LedgerRules
            .Apply(account, Want("h2", 3m), PodB, new GrantHints(Amount.Zero, Amount.Zero, Usd(2)), Today, Noon)
            .Outcome.ShouldBe(GrantOutcome.Granted);
        LedgerRules
            .Apply(account, Want("h2", 3m), PodB, new GrantHints(Amount.Zero, Amount.Zero, Usd(2.01m)), Today, Noon)
            .Outcome.ShouldBe(GrantOutcome.Held);
    }

    [Theory]
    [InlineData(6, 8)]
    [InlineData(8, 10)]
    [InlineData(9, 2)]
    public void What_other_calls_of_the_sender_wait_for_is_granted_where_it_fits(int also, int expected)
    {
        // Of ten dollars.
        var decision = LedgerRules.Apply(Open(), Want("h1", 2m), PodA, new GrantHints(Amount.Zero, Usd(also), Amount.Zero), Today, Noon);
        decision.Outcome.ShouldBe(GrantOutcome.Granted);
        decision.Granted.ShouldBe(Usd(expected));
    }

    [Fact]
    public void A_call_of_ordinary_size_that_does_not_fit_what_is_spent_exhausts_the_account()
    {
        var after = Spent();

        after.Exhausted.ShouldBe(true);
        Limit(after).ExhaustedBy.ShouldBe(Usd(0.6m));
        Limit(after).ExhaustedAt.ShouldBe(Noon.UtcDateTime);
    }

    [Fact]
    public void A_monster_call_is_refused_and_exhausts_nothing()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 0.1m), PodA);

        var (after, outcome, _) = Apply(account, Want("h1", 50m, call: 50m), PodA);

        outcome.ShouldBe(GrantOutcome.Exhausted);
        after.Exhausted.ShouldNotBe(true);
    }

    [Fact]
    public void A_raised_cap_ends_the_exhaustion_and_a_lowered_one_grants_nothing_more()
    {
        var account = Spent();

        Open(account, Terms(Day(10.05m))).Exhausted.ShouldBe(true, "0.55 are left, 0.60 are needed");
        Open(account, Terms(Day(20))).Exhausted.ShouldNotBe(true);
        var lowered = Terms(Day(1));
        Apply(Open(account, lowered), Want("h1", 9.6m, settled: 9.5m, call: 0.1m), PodA, lowered).Outcome.ShouldBe(GrantOutcome.Exhausted);
    }

    [Fact]
    public void A_manual_limit_resumes_only_when_a_person_says_so_and_there_is_room_also_in_the_next_window()
    {
        var manual = Day(10) with { Manual = true };
        var account = Open(Spent(), Terms(manual));

        var raised = Open(account, Terms(manual with { MaxCost = Usd(20) }));
        raised.Exhausted.ShouldBe(true, "a raised cap alone resumes nothing");
        Apply(raised, Want("h1", 10.1m, settled: 9.5m, call: 0.6m), PodA, Terms(manual with { MaxCost = Usd(20) }))
            .Outcome.ShouldBe(GrantOutcome.Exhausted);
        Open(account, Terms(manual with { ResumedAt = Noon.AddMinutes(1).UtcDateTime }))
            .Exhausted.ShouldBe(true, "a person alone makes no room");
        Open(raised, Terms(manual with { MaxCost = Usd(20), ResumedAt = Noon.AddMinutes(-1).UtcDateTime }))
            .Exhausted.ShouldBe(true, "that was about an exhaustion before this one");
        Open(raised, Terms(manual with { MaxCost = Usd(20), ResumedAt = Noon.AddMinutes(1).UtcDateTime })).Exhausted.ShouldNotBe(true);

        var next = Day(10, 23) with { Manual = true };
        var tomorrow = LedgerLimits.Open(account, Terms(next), Noon.AddDays(1), "l");
        tomorrow.Exhausted.ShouldBe(true);
        LedgerLimits
            .Open(tomorrow, Terms(next with { ResumedAt = Noon.AddDays(1).UtcDateTime }), Noon.AddDays(1), "l")
            .Exhausted.ShouldNotBe(true);
    }

    [Fact]
    public void A_closing_report_frees_what_was_not_spent()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 5m), PodA);

        var (after, _, _) = Apply(account, Report("h1", settled: 1m, unproven: 0.5m, closing: true), PodA);

        after.Holders.ShouldHaveSingleItem().Closed.ShouldBe(true);
        Sums(after).ShouldBe((Usd(1), Usd(0.5m), Usd(0)));
        Apply(after, Report("h1", settled: 1m), PodA).Outcome.ShouldBe(GrantOutcome.HolderClosed);
    }

    [Fact]
    public void What_a_lost_holder_held_counts_as_spent_until_somebody_writes_it_off()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 5m), PodA);
        (account, _, _) = Apply(account, Report("h1", settled: 1m), PodA);

        var after = LedgerRules.CloseLost(account, holder => holder.PodUid == PodA.Uid);
        Sums(after).ShouldBe((Usd(1), Usd(4), Usd(0)));

        Amount Off(decimal amount, string window = "2026-11-22") =>
            LedgerLimits.Spent(
                Limit(Open(after, Terms(Day(10) with { WrittenOff = new Dictionary<string, Amount> { [window] = Usd(amount) } })))
            );
        Off(3).ShouldBe(Usd(2));
        Off(100).ShouldBe(Usd(1), "no more than is unproven");
        Off(3, "2026-11-21").ShouldBe(Usd(5), "another window's");
        LedgerLimits
            .Spent(
                Limit(
                    Open(
                        Open(after, Terms(Day(10) with { WrittenOff = new Dictionary<string, Amount> { ["2026-11-22"] = Usd(3) } })),
                        Today
                    )
                )
            )
            .ShouldBe(Usd(5), "taken back");
    }

    [Fact]
    public void A_new_process_of_a_pod_replaces_the_old_one_and_another_pod_cannot_take_its_name()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 5m), PodA);

        var (after, _, _) = Apply(account, Want("h2", 1m), PodA);

        after.Holders.Where(holder => holder.Closed != true).Select(holder => holder.Id).ShouldBe(["h2"]);
        Limit(after).Unproven.ShouldBe(Usd(5));
        Apply(after, Report("h2", settled: 1m), PodB).Outcome.ShouldBe(GrantOutcome.HolderClosed);
    }

    [Fact]
    public void A_late_first_message_of_a_closed_process_opens_nothing()
    {
        var first = Want("h1", 5m);
        var (account, _, _) = Apply(Open(), first, PodA);
        (account, _, _) = Apply(account, Report("h1", settled: 1m, closing: true), PodA);

        var (after, outcome, granted) = Apply(account, first, PodA);

        (outcome, granted).ShouldBe((GrantOutcome.HolderClosed, Usd(0)));
        Limit(after).Outstanding.ShouldBe(Usd(0));
        LedgerRules
            .CloseLost(after, holder => holder.PodUid == PodA.Uid)
            .Holders.ShouldBeEmpty("once its pod is gone, nobody needs to know it");
    }

    [Fact]
    public void A_settlement_above_its_reservation_is_booked_in_full()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 1m), PodA);

        var (after, _, _) = Apply(account, Report("h1", settled: 3m), PodA);

        Sums(after).ShouldBe((Usd(3), Usd(0), Usd(0)));
    }

    [Fact]
    public void Nobody_gives_back_what_it_does_not_hold()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 1m), PodA);

        var (after, _, _) = Apply(account, Report("h1", settled: 0.25m, returned: 100m), PodA);

        Limit(after).Outstanding.ShouldBe(Usd(0));
        after.Holders[0].Returned.ShouldBe(Usd(0.75m));
    }

    [Fact]
    public void A_cap_on_tokens_refuses_as_one_on_money_does()
    {
        var terms = Terms(Day(10) with { MaxTokens = 1000 });
        GrantRequest Tokens(long total, long settled = 0, long call = 0) =>
            new()
            {
                Holder = "h1",
                Window = settled > 0 ? "l-1" : null,
                Settled = new Amount(Money.Zero, settled),
                WantTotal = new Amount(new Money(0.01m), total),
                Call = new Amount(new Money(0.01m), call == 0 ? total : call),
            };
        var (account, outcome, granted) = Apply(Open(terms), Tokens(900), PodA, terms);
        (outcome, granted.Tokens).ShouldBe((GrantOutcome.Granted, 900));
        Apply(account, Tokens(1100, settled: 0, call: 200), PodA, terms).Outcome.ShouldBe(GrantOutcome.Held);

        var (after, refused, _) = Apply(account, Tokens(1100, settled: 900, call: 200), PodA, terms);
        refused.ShouldBe(GrantOutcome.Exhausted);
        (after.Exhausted, Limit(after).ExhaustedBy!.Value.Tokens).ShouldBe((true, 200));
    }

    [Fact]
    public void A_restart_loop_leaves_no_endless_marks()
    {
        var account = Open();
        for (var i = 0; i < 50; i++)
            (account, _, _) = Apply(account, Want($"h{i}", 0.01m), PodA);

        account.Holders.Count.ShouldBeLessThan(12);
        Limit(account).Unproven.ShouldBe(Usd(0.49m));
    }

    [Theory]
    [InlineData("other-1")]
    [InlineData("l-7")]
    public void Money_of_a_ledger_that_is_gone_makes_the_rest_of_the_window_unproven(string window)
    {
        var request = new GrantRequest
        {
            Holder = "h1",
            Window = window,
            Settled = Usd(1),
            WantTotal = Usd(2),
            Call = Usd(1),
        };

        var (account, outcome, granted) = Apply(Open(), request, PodA);

        (outcome, granted).ShouldBe((GrantOutcome.WindowOver, Usd(0)));
        Limit(account).Unproven.ShouldBe(Usd(10));
        LedgerStore
            .Same(
                Apply(
                    Open(),
                    new GrantRequest
                    {
                        Holder = "h1",
                        Window = window,
                        WantTotal = Usd(2),
                        Call = Usd(1),
                    },
                    PodA
                ).Account,
                Open()
            )
            .ShouldBeTrue("nothing was spent of it");
    }

    private static BudgetLedgerStatus Spent()
    {
        var (account, _, _) = Apply(Open(), Want("h1", 9.5m), PodA);
        (account, _, _) = Apply(account, Report("h1", settled: 9.5m), PodA);
        (account, var outcome, _) = Apply(account, Want("h1", 10.1m, settled: 9.5m, call: 0.6m), PodA);
        outcome.ShouldBe(GrantOutcome.Exhausted);
        return account;
    }

    private static (BudgetLedgerStatus Account, GrantOutcome Outcome, Amount Granted) Apply(
        BudgetLedgerStatus account,
        GrantRequest request,
        HolderPod pod,
        AccountTerms? terms = null,
        decimal extra = 0
    )
    {
        var decision = LedgerRules.Apply(account, request, pod, new GrantHints(Usd(extra), Amount.Zero, Amount.Zero), terms ?? Today, Noon);
        return (decision.Account, decision.Outcome, decision.Granted);
    }

    private static AccountTerms Terms(params LimitTerms[] limits) => new() { Limits = limits };

    private static LimitTerms Day(decimal cap, int day = 22) =>
        new(
            "day",
            $"2026-11-{day}",
            new DateTimeOffset(2026, 11, day, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2026, 11, day + 1, 0, 0, 0, TimeSpan.Zero)
        )
        {
            MaxCost = new Money(cap),
        };

    private static BudgetLedgerStatus Open(AccountTerms? terms = null) => Open(new BudgetLedgerStatus(), terms ?? Today);

    private static BudgetLedgerStatus Open(BudgetLedgerStatus account, AccountTerms terms) => LedgerLimits.Open(account, terms, Noon, "l");

    private static LedgerLimit Limit(BudgetLedgerStatus account) => LedgerLimits.Current(account).Single();

    private static (Amount Settled, Amount Unproven, Amount Outstanding) Sums(BudgetLedgerStatus account) =>
        (Limit(account).Settled, Limit(account).Unproven, Limit(account).Outstanding);

    private static Money Usd(decimal amount) => new(amount);

    private static GrantRequest Want(string holder, decimal total, decimal settled = 0, decimal? call = null) =>
        new()
        {
            Holder = holder,
            Window = settled > 0 ? "l-1" : null,
            Settled = Usd(settled),
            WantTotal = Usd(total),
            Call = Usd(call ?? total),
        };

    private static GrantRequest Report(
        string holder,
        decimal settled = 0,
        decimal unproven = 0,
        decimal returned = 0,
        bool closing = false
    ) =>
        new()
        {
            Holder = holder,
            Window = "l-1",
            Settled = Usd(settled),
            Unproven = Usd(unproven),
            Returned = Usd(returned),
            Closing = closing,
        };
}
