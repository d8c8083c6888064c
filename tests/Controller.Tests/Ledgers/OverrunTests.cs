using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

public sealed class OverrunTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_rule_keeps_its_last_overrun_whatever_order_they_come_in()
    {
        var account = Overruns.Book(new BudgetLedgerStatus(), [Report("r1", Noon)], "pod-a", []);
        account = Overruns.Book(account, [Report("r1", Noon.AddMinutes(1), cost: 3), Report("r2", Noon)], "pod-b", []);
        account = Overruns.Book(account, [Report("r1", Noon)], "pod-a", []);

        account
            .Overruns.Select(overrun => (overrun.Rule, overrun.Pod, overrun.Cost))
            .ShouldBe([("r1", "pod-b", new Money(3)), ("r2", "pod-b", new Money(2))], ignoreOrder: true);
        Overruns.Refused(account, [], []).Select(rule => rule.Rule).ShouldBe(["r1", "r2"], ignoreOrder: true);
    }

    [Fact]
    public void What_is_acknowledged_goes_and_a_repeated_report_does_not_bring_it_back_but_a_later_overrun_does()
    {
        List<OverrunAcknowledgement> acknowledged =
        [
            new()
            {
                Rule = "r1",
                Before = Noon.AddMinutes(5).UtcDateTime,
                Reason = "price corrected",
            },
        ];
        var account = Overruns.Acknowledge(
            Overruns.Book(new BudgetLedgerStatus(), [Report("r1", Noon), Report("r2", Noon)], "pod", []),
            acknowledged
        );

        account.Overruns.Select(overrun => overrun.Rule).ShouldBe(["r2"]);
        account = Overruns.Book(account, [Report("r1", Noon)], "pod", acknowledged);
        Overruns.Refused(account, [Report("r1", Noon)], acknowledged).Select(rule => rule.Rule).ShouldBe(["r2"]);
        account = Overruns.Book(account, [Report("r1", Noon.AddMinutes(6))], "pod", acknowledged);
        Overruns.Refused(account, [], acknowledged).Select(rule => rule.Rule).ShouldBe(["r2", "r1"]);
    }

    [Fact]
    public void The_list_is_bounded_and_a_full_one_refuses_what_its_holder_reports_all_the_same()
    {
        var account = new BudgetLedgerStatus();
        for (var i = 0; i < 40; i++)
            account = Overruns.Book(account, [Report($"r{i}", Noon)], "pod", []);

        account.Overruns.Count.ShouldBe(32);
        Overruns.Refused(account, [Report("r39", Noon)], []).ShouldContain(rule => rule.Rule == "r39");
    }

    [Theory]
    [InlineData("""{"holder":"h"}""", true)]
    [InlineData("""{"holder":"h","overruns":null}""", false)]
    [InlineData("""{"holder":"h","overruns":[null]}""", false)]
    [InlineData("""{"holder":"h","overruns":[{"rule":null,"model":"m","why":"w","at":"2026-11-24T12:00:00Z"}]}""", false)]
    [InlineData("""{"holder":"h","overruns":[{"rule":"r","model":"m","why":"w","at":"2026-11-24T12:00:00Z"}]}""", true)]
    public void A_message_with_half_a_report_is_none(string json, bool whole) =>
        Overruns.AreWhole(JsonSerializer.Deserialize(json, ContractsJson.Default.GrantRequest)!.Overruns).ShouldBe(whole);

    [Fact]
    public void A_new_window_forgets_no_overrun()
    {
        AccountTerms Terms(DateTimeOffset now) =>
            new() { Limits = [BudgetWindows.Of(BudgetPeriod.Day, now) with { MaxCost = new Money(10) }] };
        var account = Overruns.Book(LedgerLimits.Open(new BudgetLedgerStatus(), Terms(Noon), Noon, "l"), [Report("r1", Noon)], "pod", []);

        var tomorrow = Noon.AddDays(1);
        LedgerLimits.Open(account, Terms(tomorrow), tomorrow, "l").Overruns.ShouldBe(account.Overruns);
    }

    [Fact]
    public void Status_and_events_tell_of_an_overrun_until_the_spec_acknowledges_it()
    {
        var cluster = new SimulatedCluster();
        cluster.PromoteDeclared();
        cluster.Ledger = Overruns.Book(cluster.Ledger!, [Report("openai/gpt-5.4-mini", cluster.Now)], "support-1", []);
        cluster.Settle();

        cluster.Agent.Status!.Overruns.ShouldHaveSingleItem().Pod.ShouldBe("support-1");
        cluster
            .Events.Where(note => note.Reason == Reasons.Overrun)
            .ShouldHaveSingleItem()
            .Message.ShouldContain("models of price rule openai/gpt-5.4-mini are refused until spec.budget.acknowledgedOverruns names it");

        cluster.Agent.Spec.Budget!.AcknowledgedOverruns =
        [
            new()
            {
                Rule = "openai/gpt-5.4-mini",
                Before = cluster.Now.AddMinutes(1).UtcDateTime,
                Reason = "ticket 42",
            },
        ];
        cluster.Settle();
        cluster.Agent.Status!.Overruns.ShouldBeEmpty();
        cluster.Ledger!.Overruns.ShouldBeEmpty();
        cluster.Events.Where(note => note.Reason == Reasons.OverrunAcknowledged).ShouldHaveSingleItem().Message.ShouldContain("ticket 42");
    }

    private static OverrunReport Report(string rule, DateTimeOffset at, decimal cost = 2) =>
        new()
        {
            Rule = rule,
            Model = "gpt-5.4-mini",
            Cost = new Money(cost),
            Reserved = new Money(1),
            Why = "the provider wrote on after its limit",
            At = at,
        };
}
