using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

/// <summary>Several windows at once, windows that begin and end, and what is borrowed from shared budgets.</summary>
public sealed class LedgerLimitsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 10, 0, TimeSpan.Zero);
    private static readonly HolderPod Pod = new("pod", "uid");

    [Fact]
    public void A_call_must_fit_every_window()
    {
        var account = Open(Terms(hour: 1, day: 1.5m), Noon);
        account = Apply(account, Want("h", "l-1", 0, 0.9m), Noon).Account;
        account = Apply(account, Report("h", "l-1", 0.9m), Noon).Account;

        var refused = Apply(account, Want("h", "l-1", 0.9m, 0.2m), Noon);
        (refused.Outcome, refused.Limit!.Budget).ShouldBe((GrantOutcome.Exhausted, "hour"));

        var later = Noon.AddHours(1);
        account = Open(Terms(hour: 1, day: 1.5m, now: later), later, account);
        (account.Segment, LedgerLimits.WindowName(account, account.Segment)).ShouldBe((2, "l-2"));
        refused = Apply(account, Want("h", "l-2", 0, 0.7m), later);
        (refused.Outcome, refused.Limit!.Budget).ShouldBe((GrantOutcome.Exhausted, "day"), "the hour has room, the day has 0.60");
        Apply(account, Want("h", "l-2", 0, 0.6m), later).Outcome.ShouldBe(GrantOutcome.Granted);
    }

    [Fact]
    public void An_hour_that_ends_strands_nothing_in_the_day()
    {
        var account = Apply(Open(Terms(hour: 1, day: 10), Noon), Want("h", "l-1", 0, 0.8m), Noon).Account;
        var later = Noon.AddHours(1);

        account = Open(Terms(hour: 1, day: 10, now: later), later, account);
        Sums(account, "hour", "2026-11-24T13").ShouldBe((Usd(0), Usd(0), Usd(0)));
        Sums(account, "day").ShouldBe((Usd(0), Usd(0), Usd(0.8m)), "the pod may still spend what it holds");

        var late = Apply(account, Report("h", "l-1", 0.3m), later);
        late.Outcome.ShouldBe(GrantOutcome.WindowOver);
        Sums(late.Account, "day").ShouldBe((Usd(0.3m), Usd(0), Usd(0.5m)), "what is told of the hour that is over counts");
        account = Apply(late.Account, Report("h", "l-1", 0.4m, closing: true), later).Account;
        Sums(account, "day").ShouldBe((Usd(0.4m), Usd(0), Usd(0)));
        account.Limits.Select(limit => limit.Window).ShouldBe(["2026-11-24", "2026-11-24T13"], ignoreOrder: true);
        account
            .Previous.ShouldHaveSingleItem()
            .ShouldBe(
                new ClosedWindow
                {
                    Budget = "hour",
                    Window = "2026-11-24T12",
                    MaxCost = Usd(1).Cost,
                    Settled = Usd(0.4m),
                }
            );
        account.Holders.ShouldBeEmpty();
        Apply(account, Report("h", "l-1", 0.4m), later).Account.ShouldBe(account, "said again, it changes nothing");
    }

    [Fact]
    public void Taking_a_window_out_and_declaring_it_again_resets_nothing()
    {
        var account = Apply(Open(Terms(day: 10), Noon), Want("h", "l-1", 0, 4m), Noon).Account;
        account = Apply(account, Report("h", "l-1", 4m), Noon).Account;

        account = Open(Terms(hour: 100), Noon, account);
        var without = Apply(account, Want("h", "l-2", 0, 20m), Noon, Terms(hour: 100));
        without.Outcome.ShouldBe(GrantOutcome.Granted, "nobody limits the day now");
        account = Open(Terms(hour: 100, day: 10), Noon, Apply(without.Account, Report("h", "l-2", 3m), Noon).Account);

        Sums(account, "day").Settled.ShouldBe(Usd(7), "it counted on meanwhile");
    }

    [Fact]
    public void A_clock_that_jumps_ends_no_window_early_and_opens_none_again()
    {
        var account = Apply(Open(Terms(day: 10), Noon), Want("h", "l-1", 0, 4m), Noon).Account;

        var back = Open(Terms(day: 10, now: Noon.AddDays(-1)), Noon.AddDays(-1), account);
        Sums(back, "day").Outstanding.ShouldBe(Usd(4));
        var ahead = Open(Terms(day: 10, now: Noon.AddDays(1)), Noon.AddDays(1), account);
        LedgerLimits.Current(ahead).Single().Window.ShouldBe("2026-11-25");
        ahead = Apply(ahead, Want("h", "l-2", 0, 9m), Noon.AddDays(1)).Account;
        var again = Open(Terms(day: 10), Noon, ahead);
        LedgerLimits.Current(again).Single().Window.ShouldBe("2026-11-25", "yesterday is over for good");
        Apply(again, Want("x", null, 0, 5m), Noon, pod: new HolderPod("other", "other")).Outcome.ShouldBe(GrantOutcome.Held);
    }

    [Fact]
    public void A_time_zone_that_changes_makes_a_window_longer_and_never_a_second_one()
    {
        // At noon of the 24th somebody moves the budget from UTC to a zone whose 24th ends five hours later.
        LimitTerms West(int day) => new("day", $"2026-11-{day}", At(day, 5), At(day + 1, 5)) { MaxCost = Usd(10).Cost };
        var account = Apply(Open(Terms(day: 10), Noon), Want("h", "l-1", 0, 4m), Noon).Account;

        account = Open(new AccountTerms { Limits = [West(24)] }, Noon, account);
        LedgerLimits.Current(account).Single().Ends.ShouldBe(At(25, 0).UtcDateTime);
        account = Open(new AccountTerms { Limits = [West(24)] }, At(25, 2), account);
        LedgerLimits
            .Current(account)
            .Single()
            .ShouldSatisfyAllConditions(limit => limit.Ends.ShouldBe(At(25, 5).UtcDateTime), limit => limit.Outstanding.ShouldBe(Usd(4)));
        account = Open(new AccountTerms { Limits = [West(25)] }, At(25, 5), account);
        LedgerLimits
            .Current(account)
            .Single()
            .ShouldSatisfyAllConditions(
                limit => limit.Window.ShouldBe("2026-11-25"),
                limit => limit.Begins.ShouldBe(At(25, 5).UtcDateTime)
            );
    }

    [Fact]
    public void An_account_that_nobody_declares_keeps_its_windows_and_grants_nothing()
    {
        var account = Apply(Open(Terms(day: 10), Noon), Want("h", "l-1", 0, 4m), Noon).Account;

        var orphan = Open(AccountTerms.None, Noon, account);
        Apply(orphan, Want("h", "l-1", 4, 1), Noon, AccountTerms.None).Outcome.ShouldNotBe(GrantOutcome.Granted);
        orphan = Apply(orphan, Report("h", "l-1", 3), Noon, AccountTerms.None).Account;
        Sums(Open(Terms(day: 10), Noon, orphan), "day")
            .ShouldBe((Usd(3), Usd(0), Usd(1)), "deleting an agent and making it anew resets no cap");
    }

    [Fact]
    public void A_ledger_that_was_deleted_in_its_window_comes_back_with_everything_unproven()
    {
        var witness = new LedgerWitness("old", new Dictionary<string, string> { ["day"] = "2026-11-24", ["hour"] = "2026-11-24T11" });

        var account = Open(Terms(hour: 1, day: 10) with { Witness = witness }, Noon);

        Sums(account, "day").Unproven.ShouldBe(Usd(10));
        Sums(account, "hour").Unproven.ShouldBe(Usd(0), "that hour was over");
        Open(Terms(hour: 1, day: 10) with { Witness = witness with { Id = "l" } }, Noon).Limits.ShouldAllBe(limit => limit.Unproven.IsZero);
        LedgerStore.Same(Open(Terms(hour: 1, day: 10) with { Witness = witness }, Noon, account), account).ShouldBeTrue("once");
    }

    [Fact]
    public void What_is_lent_is_a_limit_and_what_it_lacks_is_asked_for()
    {
        var pot = AccountKey.Shared("shop", "team");
        var terms = new AccountTerms { Shared = [pot] };
        var agent = Open(terms, Noon);
        agent = Borrowing.Take(
            agent,
            pot,
            null,
            new GrantResponse
            {
                Outcome = GrantOutcome.Granted,
                Window = "p-1",
                WindowEnds = At(25, 0),
            },
            Noon
        );

        var asked = Apply(agent, Want("h", null, 0, 2), Noon, terms);
        asked.Lacks.ShouldBe(["shop.team.shared"]);
        var limit = LedgerLimits.Current(asked.Account).Single();
        var request = Borrowing.Request(asked.Account, limit, asked.Account, Usd(2), Usd(2));
        (request.Holder, request.Window, request.WantTotal).ShouldBe(("l-2", "p-1", Usd(2)));

        agent = Borrowing.Take(
            agent,
            pot,
            LedgerLimits.Current(agent).Single(),
            new GrantResponse
            {
                Outcome = GrantOutcome.Granted,
                Window = "p-1",
                WindowEnds = At(25, 0),
                Granted = Usd(3),
            },
            Noon
        );
        agent = Apply(agent, Want("h", null, 0, 2), Noon, terms).Account;
        limit = LedgerLimits.Current(agent).Single();
        (limit.Outstanding, Borrowing.Idle(limit)).ShouldBe((Usd(2), Usd(1)));
        agent = Borrowing.ReturnIdle(agent);
        Borrowing.Request(agent, LedgerLimits.Current(agent).Single(), agent, null, null).Returned.ShouldBe(Usd(1));
        Apply(agent, Want("h", "l-2", 0, 3), Noon, terms).Lacks.ShouldBe(["shop.team.shared"], "what was given back is not spent");
    }

    [Fact]
    public void What_a_leader_knows_and_has_not_written_is_told_to_no_shared_budget()
    {
        // It dies with its leader; the pod dies too, and what was settled comes back as unproven: told both, the shared budget would count
        // it twice.
        var pot = AccountKey.Shared("shop", "team");
        var terms = new AccountTerms { Shared = [pot] };
        var written = Borrowing.Take(
            Open(terms, Noon),
            pot,
            null,
            new GrantResponse
            {
                Outcome = GrantOutcome.Granted,
                Window = "p-1",
                WindowEnds = At(25, 0),
                Granted = Usd(2),
            },
            Noon
        );
        written = Apply(written, Want("h", null, 0, 2), Noon, terms).Account;
        var known = Apply(written, Report("h", "l-2", 1.5m), Noon, terms).Account;

        Amount Told(BudgetLedgerStatus on, Amount? need) =>
            Borrowing.Request(known, LedgerLimits.Current(known).Single(), on, need, need).Settled;
        (Told(written, null), Told(written, Usd(1)), Told(known, null)).ShouldBe((Usd(0), Usd(0), Usd(1.5m)));
        Borrowing
            .Request(known, LedgerLimits.Current(known).Single(), written, Usd(1), Usd(1))
            .WantTotal.ShouldBe(Usd(3), "what is needed does not depend on it");
        var lost = LedgerRules.CloseLost(written, holder => holder.PodUid == Pod.Uid);
        Borrowing
            .Request(lost, LedgerLimits.Current(lost).Single(), lost, null, null)
            .ShouldSatisfyAllConditions(request => request.Settled.ShouldBe(Usd(0)), request => request.Unproven.ShouldBe(Usd(2)));
    }

    [Fact]
    public void A_shared_budget_that_an_agent_left_is_closed_once_its_pods_have_closed()
    {
        var pot = AccountKey.Shared("shop", "team");
        var terms = new AccountTerms { Shared = [pot] };
        var agent = Borrowing.Take(
            Open(terms, Noon),
            pot,
            null,
            new GrantResponse
            {
                Outcome = GrantOutcome.Granted,
                Window = "p-1",
                WindowEnds = At(25, 0),
                Granted = Usd(3),
            },
            Noon
        );
        agent = Apply(agent, Want("h", null, 0, 2), Noon, terms).Account;

        agent = Open(Terms(day: 10), Noon, agent);
        var left = agent.Limits.Single(limit => limit.Shared == true);
        (left.Last, Borrowing.IsDone(agent, left)).ShouldBe((2, false));
        agent = Apply(agent, Report("h", "l-2", 1.5m, closing: true), Noon).Account;
        left = agent.Limits.Single(limit => limit.Shared == true);
        Borrowing
            .Request(agent, left, agent, null, null)
            .ShouldSatisfyAllConditions(
                request => request.Closing.ShouldBeTrue(),
                request => request.Settled.ShouldBe(Usd(1.5m)),
                request => request.Reserved.ShouldBe(Usd(0))
            );
        Borrowing.Unlist(agent, left).Limits.ShouldHaveSingleItem().Budget.ShouldBe("day");
    }

    private static AccountTerms Terms(decimal? hour = null, decimal? day = null, DateTimeOffset? now = null)
    {
        var limits = new List<LimitTerms>();
        if (hour is { } perHour)
            limits.Add(BudgetWindows.Of(BudgetPeriod.Hour, now ?? Noon) with { MaxCost = new Money(perHour) });
        if (day is { } perDay)
            limits.Add(BudgetWindows.Of(BudgetPeriod.Day, now ?? Noon) with { MaxCost = new Money(perDay) });
        return new AccountTerms { Limits = limits };
    }

    private static BudgetLedgerStatus Open(AccountTerms terms, DateTimeOffset now, BudgetLedgerStatus? account = null) =>
        LedgerLimits.Open(account ?? new BudgetLedgerStatus(), terms, now, "l");

    private static GrantDecision Apply(
        BudgetLedgerStatus account,
        GrantRequest request,
        DateTimeOffset now,
        AccountTerms? terms = null,
        HolderPod? pod = null
    ) => LedgerRules.Apply(account, request, pod ?? Pod, default, terms ?? Terms(hour: 1, day: 10), now);

    private static (Amount Settled, Amount Unproven, Amount Outstanding) Sums(
        BudgetLedgerStatus account,
        string budget,
        string? window = null
    )
    {
        var limit = account.Limits.Single(limit => limit.Budget == budget && (window is null || limit.Window == window));
        return (limit.Settled, limit.Unproven, limit.Outstanding);
    }

    private static GrantRequest Want(string holder, string? window, decimal settled, decimal call) =>
        new()
        {
            Holder = holder,
            Window = settled == 0 && window == "l-1" ? null : window,
            Settled = Usd(settled),
            WantTotal = Usd(settled + call),
            Call = Usd(call),
        };

    private static GrantRequest Report(string holder, string window, decimal settled, bool closing = false) =>
        new()
        {
            Holder = holder,
            Window = window,
            Settled = Usd(settled),
            Closing = closing,
        };

    private static DateTimeOffset At(int day, int hour) => new(2026, 11, day, hour, 0, 0, TimeSpan.Zero);

    private static Amount Usd(decimal amount) => new Money(amount);
}
