using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>A pod that reports more than it was granted harms its own agent, and no tenant that shares a budget with it.</summary>
public sealed class ExcessTests
{
    private const string Holder = "0123456789abcdef";
    private static readonly HolderPod Pod = new("a", "uid-a");
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly AccountKey Team = AccountKey.Shared("ops", "team");

    [Fact]
    public void What_was_reported_beyond_the_grants_counts_for_the_agent_alone_and_is_shown()
    {
        var account = Lent(5m);
        (account, _) = Apply(
            account,
            new GrantRequest
            {
                Holder = Holder,
                WantTotal = Usd(0.01m),
                Call = Usd(0.01m),
            }
        );
        var lie = new GrantRequest { Holder = Holder, Settled = Usd(999_999_999m) };
        var line = LedgerRules.Booked(account, lie, Pod).ShouldNotBeNull();
        (account, _) = Apply(account, lie);

        Own(account).Settled.Cost.Amount.ShouldBe(999_999_999m);
        Told(account).Settled.Cost.Amount.ShouldBe(0.01m);
        var shown = Overruns.NoteExcess(account, line, Noon, []);
        var overrun = shown.Overruns.ShouldHaveSingleItem();
        (overrun.Rule, overrun.Cost.Amount, overrun.Reserved.Amount).ShouldBe((Overruns.BeyondGrants, 999_999_999m, 0.01m));
        overrun.Why.ShouldContain("counts for the agent alone");
        Overruns.NoteExcess(shown, line, Noon.AddHours(1), []).ShouldBe(shown, "the same report again is no news");
        // Its own cap is spent: it gets nothing more, here or there.
        var (_, outcome) = Apply(
            account,
            new GrantRequest
            {
                Holder = Holder,
                Settled = Usd(999_999_999m),
                WantTotal = Usd(1m),
                Call = Usd(0.1m),
            }
        );
        outcome.ShouldBe(GrantOutcome.Exhausted);
    }

    /// <summary>Whatever pods report, in whatever order, and however they end: the shared budget never counts more than it lent.</summary>
    [Fact]
    public void No_message_spends_more_of_a_shared_budget_than_it_lent()
    {
        var lies = 0;
        var amount = Gen.Int[0, 40].Select(tenths => Usd(tenths / 10m));
        var message = Gen.Select(Gen.Int[0, 2], amount, amount, amount, amount, Gen.Int[0, 9]);
        Gen.Select(Gen.Int[1, 20], message.Array[1, 12])
            .Sample(
                (lent, messages) =>
                {
                    var account = Lent(lent);
                    for (var i = 0; i < 3; i++)
                    {
                        var first = new GrantRequest
                        {
                            Holder = $"{Holder}{i}",
                            WantTotal = Usd(lent / 4m),
                            Call = Usd(lent / 4m),
                        };
                        (account, _) = Apply(account, first, new HolderPod($"p{i}", $"uid-{i}"), first: true);
                    }
                    foreach (var (who, settled, unproven, returned, want, end) in messages)
                    {
                        var pod = new HolderPod($"p{who}", $"uid-{who}");
                        (account, _) = Apply(
                            account,
                            new GrantRequest
                            {
                                Holder = $"{Holder}{who}",
                                Settled = settled,
                                Unproven = unproven,
                                Returned = returned,
                                WantTotal = want,
                                Call = want,
                                Closing = end == 0,
                            },
                            pod
                        );
                        if (end == 1)
                            account = LedgerRules.CloseLost(account, line => line.PodUid == pod.Uid);
                        var told = Told(account);
                        var counted = told.Settled + told.Unproven + told.Returned + told.Reserved;
                        counted.FitsIn(Usd(lent)).ShouldBeTrue($"{counted} of {lent}");
                        if (!(Own(account).Settled + Own(account).Unproven).FitsIn(told.Settled + told.Unproven))
                            Interlocked.Increment(ref lies);
                    }
                },
                iter: 20_000
            );
        lies.ShouldBeGreaterThan(1000, "otherwise nothing was tried");
    }

    private static Amount Usd(decimal dollars) => new(new Money(dollars), 0);

    private static AccountTerms Terms { get; } =
        new() { Limits = [BudgetWindows.Of(BudgetPeriod.Day, Noon) with { MaxCost = new Money(10m) }], Shared = [Team] };

    private static BudgetLedgerStatus Lent(decimal dollars)
    {
        var account = LedgerLimits.Open(new BudgetLedgerStatus(), Terms, Noon, "id");
        var answer = new GrantResponse
        {
            Outcome = GrantOutcome.Granted,
            Granted = Usd(dollars),
            Window = "team-1",
            WindowEnds = Noon.AddHours(12),
        };
        return Borrowing.Take(account, Team, null, answer, Noon);
    }

    private static (BudgetLedgerStatus Account, GrantOutcome Outcome) Apply(
        BudgetLedgerStatus account,
        GrantRequest request,
        HolderPod? pod = null,
        bool first = false
    )
    {
        var told = new GrantRequest
        {
            Holder = request.Holder,
            // The first message of a pod names no window.
            Window = first || account.Holders.Count == 0 ? null : LedgerLimits.WindowName(account, account.Segment),
            Settled = request.Settled,
            Unproven = request.Unproven,
            Returned = request.Returned,
            WantTotal = request.WantTotal,
            Call = request.Call,
            Closing = request.Closing,
        };
        var hints = new GrantHints(Amount.Zero, Amount.Zero, Amount.Zero);
        var decision = LedgerRules.Apply(account, told, pod ?? Pod, hints, Terms, Noon);
        return (decision.Account, decision.Outcome);
    }

    private static LedgerLimit Own(BudgetLedgerStatus account) => account.Limits.Single(limit => limit.Shared != true);

    private static GrantRequest Told(BudgetLedgerStatus account) =>
        Borrowing.Request(account, account.Limits.Single(limit => limit.Shared == true), account, null, null);
}
