using AgentReadiness.Api;
using AgentReadiness.Api.Guardrail;
using AgentReadiness.Api.Resources;
using AgentReadiness.Controller.Budgets;
using CsCheck;
using Shouldly;
using Xunit;

namespace AgentReadiness.Controller.Tests;

public sealed class LedgerRulesTests
{
    private static readonly HolderPod PodA = new("a", "uid-a");
    private static readonly HolderPod PodB = new("b", "uid-b");
    private static readonly OpenWindow Today = new("2026-11-22", new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero), Usd(10));

    [Fact]
    public void The_first_grant_is_exactly_what_the_call_needs()
    {
        var (account, outcome, granted) = LedgerRules.Apply(Open(), Want("h1", 0.75m), PodA, Usd(5), true);

        outcome.ShouldBe(GrantOutcome.Granted);
        granted.ShouldBe(Usd(0.75m));
        account.Outstanding.ShouldBe(Usd(0.75m));
    }

    [Fact]
    public void A_later_grant_carries_more_but_at_most_one_percent_of_what_is_left()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 1m), PodA, Usd(5), true);

        var (_, _, granted) = LedgerRules.Apply(account, Want("h1", 1.01m, settled: 1m), PodA, Usd(5), true);

        granted.ShouldBe(Usd(1.09m), "0.01 was needed, 9.00 were left, 1 % of it is 0.09");
    }

    [Fact]
    public void An_observed_cap_grants_beyond_itself_counts_all_and_knows_a_holder_that_spent_before_it_was_known()
    {
        var late = Want("h1", 12m, settled: 11m);

        var (account, outcome, granted) = LedgerRules.Apply(Open(), late, PodA, Usd(0), true, observe: true);
        (outcome, granted, account.Settled).ShouldBe((GrantOutcome.Granted, Usd(12), Usd(11)));
        account.Exhausted.ShouldNotBe(true);

        (_, outcome, _) = LedgerRules.Apply(Open(), late, PodA, Usd(0), true);
        outcome.ShouldBe(GrantOutcome.HolderClosed, "an enforced cap takes it for one whose ledger is gone");
    }

    [Fact]
    public void A_repeated_or_late_message_changes_nothing()
    {
        var (once, _, granted) = LedgerRules.Apply(Open(), Want("h1", 1m), PodA, Usd(0), true);
        var (more, _, _) = LedgerRules.Apply(once, Want("h1", 2m, settled: 0.5m), PodA, Usd(0), true);

        var (again, outcome, same) = LedgerRules.Apply(more, Want("h1", 1m), PodA, Usd(0), true);

        granted.ShouldBe(Usd(1));
        outcome.ShouldBe(GrantOutcome.Granted);
        same.ShouldBe(Usd(2));
        again.Settled.ShouldBe(more.Settled);
        again.Outstanding.ShouldBe(more.Outstanding);
    }

    [Fact]
    public void A_call_that_others_hold_the_money_for_waits_and_exhausts_nothing()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 9.5m), PodA, Usd(0), true);

        var (after, outcome, _) = LedgerRules.Apply(account, Want("h2", 1m), PodB, Usd(0), true);

        outcome.ShouldBe(GrantOutcome.Held);
        after.Exhausted.ShouldNotBe(true);
    }

    [Fact]
    public void A_call_of_ordinary_size_that_does_not_fit_what_is_spent_exhausts_the_account()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 9.5m), PodA, Usd(0), true);
        (account, _, _) = LedgerRules.Apply(account, Report("h1", settled: 9.5m), PodA, Usd(0), true);

        var (after, outcome, _) = LedgerRules.Apply(account, Want("h1", 10.1m, settled: 9.5m, call: 0.6m), PodA, Usd(0), true);

        outcome.ShouldBe(GrantOutcome.Exhausted);
        after.Exhausted.ShouldBe(true);
        after.ExhaustedBy.ShouldBe(Usd(0.6m));
    }

    [Fact]
    public void A_monster_call_is_refused_and_exhausts_nothing()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 0.1m), PodA, Usd(0), true);

        var (after, outcome, _) = LedgerRules.Apply(account, Want("h1", 50m, call: 50m), PodA, Usd(0), true);

        outcome.ShouldBe(GrantOutcome.Exhausted);
        after.Exhausted.ShouldNotBe(true);
    }

    [Fact]
    public void A_raised_cap_ends_the_exhaustion_and_a_lowered_one_grants_nothing_more()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 9.5m), PodA, Usd(0), true);
        (account, _, _) = LedgerRules.Apply(account, Want("h1", 10.1m, settled: 9.5m, call: 0.6m), PodA, Usd(0), true);
        account.Exhausted.ShouldBe(true);

        LedgerRules.Open(account, Today with { Cap = Usd(10.05m) }).Exhausted.ShouldBe(true, "0.55 are left, 0.60 are needed");
        LedgerRules.Open(account, Today with { Cap = Usd(20) }).Exhausted.ShouldBe(false);
        var lowered = LedgerRules.Open(account, Today with { Cap = Usd(1) });
        LedgerRules.Apply(lowered, Want("h1", 9.6m, settled: 9.5m, call: 0.1m), PodA, Usd(0), true).Outcome.ShouldBe(GrantOutcome.Exhausted);
    }

    [Fact]
    public void A_closing_report_frees_what_was_not_spent()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 5m), PodA, Usd(0), true);

        var (after, _, _) = LedgerRules.Apply(account, Report("h1", settled: 1m, unproven: 0.5m, closing: true), PodA, Usd(0), true);

        after.Holders.ShouldHaveSingleItem().Closed.ShouldBe(true);
        after.Settled.ShouldBe(Usd(1));
        after.Unproven.ShouldBe(Usd(0.5m));
        after.Outstanding.ShouldBe(Usd(0));
        LedgerRules.Apply(after, Report("h1", settled: 1m), PodA, Usd(0), true).Outcome.ShouldBe(GrantOutcome.HolderClosed);
    }

    [Fact]
    public void What_a_lost_holder_held_counts_as_spent()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 5m), PodA, Usd(0), true);
        (account, _, _) = LedgerRules.Apply(account, Report("h1", settled: 1m), PodA, Usd(0), true);

        var after = LedgerRules.Lose(account, holder => holder.PodUid == PodA.Uid);

        after.Settled.ShouldBe(Usd(1));
        after.Unproven.ShouldBe(Usd(4));
        after.Outstanding.ShouldBe(Usd(0));
    }

    [Fact]
    public void A_new_process_of_a_pod_replaces_the_old_one_and_another_pod_cannot_take_its_name()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 5m), PodA, Usd(0), true);

        var (after, _, _) = LedgerRules.Apply(account, Want("h2", 1m), PodA, Usd(0), true);

        after.Holders.Where(holder => holder.Closed != true).Select(holder => holder.Id).ShouldBe(["h2"]);
        after.Unproven.ShouldBe(Usd(5));
        LedgerRules.Apply(after, Report("h2", settled: 1m), PodB, Usd(0), true).Outcome.ShouldBe(GrantOutcome.HolderClosed);
    }

    [Fact]
    public void A_late_first_message_of_a_closed_process_opens_nothing()
    {
        var first = Want("h1", 5m);
        var (account, _, _) = LedgerRules.Apply(Open(), first, PodA, Usd(0), true);
        (account, _, _) = LedgerRules.Apply(account, Report("h1", settled: 1m, closing: true), PodA, Usd(0), true);

        var (after, outcome, granted) = LedgerRules.Apply(account, first, PodA, Usd(0), true);

        (outcome, granted).ShouldBe((GrantOutcome.HolderClosed, Usd(0)));
        after.Outstanding.ShouldBe(Usd(0));
        LedgerRules.Lose(after, holder => holder.PodUid == PodA.Uid).Holders.ShouldBeEmpty("once its pod is gone, nobody needs to know it");
    }

    [Fact]
    public void The_next_window_is_fresh_and_the_last_keeps_its_outstanding_money_as_unproven()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 5m), PodA, Usd(0), true);
        (account, _, _) = LedgerRules.Apply(account, Report("h1", settled: 1m), PodA, Usd(0), true);

        var next = LedgerRules.Open(account, new OpenWindow("2026-11-23", Today.Ends.AddDays(1), Usd(10)));

        next.Previous.ShouldBe(new ClosedWindow { Window = "2026-11-22", Cap = Usd(10), Settled = Usd(1), Unproven = Usd(4) });
        (next.Settled, next.Unproven, next.Outstanding, next.Holders.Count).ShouldBe((Usd(0), Usd(0), Usd(0), 0));
        LedgerRules.Apply(next, Report("h1", settled: 2m), PodA, Usd(0), true).Outcome.ShouldBe(GrantOutcome.WindowOver);
    }

    [Fact]
    public void A_settlement_above_its_reservation_is_booked_in_full()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 1m), PodA, Usd(0), true);

        var (after, _, _) = LedgerRules.Apply(account, Report("h1", settled: 3m), PodA, Usd(0), true);

        after.Settled.ShouldBe(Usd(3));
        after.Outstanding.ShouldBe(Usd(0));
    }

    [Fact]
    public void Nobody_gives_back_what_it_does_not_hold()
    {
        var (account, _, _) = LedgerRules.Apply(Open(), Want("h1", 1m), PodA, Usd(0), true);

        var (after, _, _) = LedgerRules.Apply(account, Report("h1", settled: 0.25m, returned: 100m), PodA, Usd(0), true);

        after.Outstanding.ShouldBe(Usd(0));
        after.Holders[0].Returned.ShouldBe(Usd(0.75m));
    }

    /// <summary>
    /// Promise 3a. Guardrails that spend what they were granted, in any order of messages, with messages lost, repeated and late,
    /// with pods lost and caps changed: the account never holds more than the cap at the last grant, and no spend is forgotten.
    /// </summary>
    [Fact]
    public void Whatever_happens_the_cap_holds_and_no_money_is_lost()
    {
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 3], Gen.Int[1, 400]).List[1, 120].Sample(steps =>
        {
            var world = new LedgerWorld(Today);
            foreach (var (action, guardrail, cents) in steps)
                world.Do(action, guardrail, cents / 100m);
        }, iter: 20_000);
    }

    private static BudgetLedgerStatus Open() => LedgerRules.Open(new BudgetLedgerStatus(), Today);

    private static Money Usd(decimal amount) => new(amount);

    private static GrantRequest Want(string holder, decimal total, decimal settled = 0, decimal? call = null) => new()
    {
        Holder = holder,
        Window = settled > 0 ? Today.Name : null,
        Settled = Usd(settled),
        WantTotal = Usd(total),
        Call = Usd(call ?? total),
    };

    private static GrantRequest Report(string holder, decimal settled = 0, decimal unproven = 0, decimal returned = 0, bool closing = false) => new()
    {
        Holder = holder,
        Window = Today.Name,
        Settled = Usd(settled),
        Unproven = Usd(unproven),
        Returned = Usd(returned),
        Closing = closing,
    };
}
