using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

public sealed class BudgetWindowTests
{
    private readonly SimulatedCluster cluster = new();

    private BudgetWindow Window => cluster.Agent.Spec.Budget!.Windows[0];

    [Theory]
    [InlineData(BudgetPeriod.Hour, "2026-11-24T23:59:59.9Z", "2026-11-24T23", "2026-11-25T00:00:00Z")]
    [InlineData(BudgetPeriod.Day, "2026-12-31T12:00:00Z", "2026-12-31", "2027-01-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2026-11-24T00:00:00Z", "2026-W48", "2026-11-30T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2026-11-29T23:59:59Z", "2026-W48", "2026-11-30T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2026-11-30T00:00:00Z", "2026-W49", "2026-12-07T00:00:00Z")]
    [InlineData(BudgetPeriod.Week, "2027-01-03T12:00:00Z", "2026-W53", "2027-01-04T00:00:00Z")]
    [InlineData(BudgetPeriod.Month, "2028-02-29T12:00:00Z", "2028-02", "2028-03-01T00:00:00Z")]
    [InlineData(BudgetPeriod.Total, "2026-11-24T12:00:00Z", "total", "9999-12-31T00:00:00Z")]
    public void A_window_is_a_stretch_of_the_calendar(BudgetPeriod period, string now, string name, string ends)
    {
        var window = BudgetWindows.Of(period, Moment(now));

        (window.Window, window.Ends).ShouldBe((name, Moment(ends)));
    }

    [Fact]
    public void Every_moment_is_in_one_window_and_the_next_begins_where_it_ends()
    {
        var gen = Gen.Select(Gen.Int[0, 4], Gen.Long[new DateTime(2000, 1, 1).Ticks, new DateTime(2100, 1, 1).Ticks]);
        gen.Sample(drawn =>
        {
            var (period, now) = ((BudgetPeriod)drawn.Item1, new DateTimeOffset(drawn.Item2, TimeSpan.Zero));
            var window = BudgetWindows.Of(period, now);
            window.Ends.ShouldBeGreaterThan(now);
            if (period == BudgetPeriod.Total)
                return;
            BudgetWindows.Of(period, window.Ends.AddTicks(-1)).Ends.ShouldBe(window.Ends);
            var next = BudgetWindows.Of(period, window.Ends);
            next.Window.ShouldNotBe(window.Window);
            string.CompareOrdinal(next.Window, window.Window).ShouldBePositive("names sort as time does");
        });
    }

    [Theory]
    [InlineData(BudgetPeriod.Month, "$50 a month", "until 2026-12-01T00:00Z")]
    [InlineData(BudgetPeriod.Total, "$50 in all", "until the cap is raised")]
    public void A_long_window_is_enforced_as_a_day_is(BudgetPeriod period, string words, string until)
    {
        Window.Period = period;
        var revision = cluster.PromoteDeclared();
        cluster.Spend("49.9", exhausted: true);
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(0);
        var message = cluster.Condition(ConditionTypes.WithinBudget)!.Message;
        message.ShouldContain(words);
        message.ShouldContain(until);
    }

    [Fact]
    public void Each_threshold_is_told_once_a_window()
    {
        cluster.PromoteDeclared();
        foreach (var spent in (string[])["10", "25", "30", "41", "42", "48", "49"])
        {
            cluster.Spend(spent);
            cluster.Settle();
            cluster.Settle();
        }
        Alerts().ShouldBe(["$25 of $50 a day spent: 50 %", "$41 of $50 a day spent: 80 %", "$48 of $50 a day spent: 95 %"]);
        cluster.Condition(ConditionTypes.WithinBudget)!.Message.ShouldBe("of $50 a day, 95 % or more is spent");

        cluster.Now += TimeSpan.FromDays(1);
        cluster.Settle();
        cluster.Spend("30");
        cluster.Settle();
        Alerts().Last().ShouldBe("$30 of $50 a day spent: 50 %");
    }

    [Fact]
    public void An_agent_chooses_its_thresholds()
    {
        Window.AlertAt = [10];
        cluster.PromoteDeclared();
        cluster.Spend("26");
        cluster.Settle();
        Alerts().ShouldBe(["$26 of $50 a day spent: 10 %"]);

        Window.AlertAt = [];
        cluster.Now += TimeSpan.FromDays(1);
        cluster.Settle();
        cluster.Spend("49");
        cluster.Settle();
        Alerts().Count.ShouldBe(1);
    }

    [Fact]
    public void What_evaluations_spent_is_told_and_a_spent_window_of_theirs_changes_nothing_for_what_serves()
    {
        var revision = cluster.PromoteDeclared();
        cluster.Agent.Status!.Evaluations.ShouldBeEmpty("there is no account of evaluations");
        void Spend(string spent, bool exhausted) =>
            cluster.Evaluations = SimulatedCluster.Spent(
                LedgerLimits.Open(
                    new BudgetLedgerStatus(),
                    BudgetWindows.Shared(EvaluationBudget.Of(cluster.Agent.Spec, []), cluster.Now),
                    cluster.Now,
                    "evaluations"
                ),
                spent,
                exhausted
            );

        Spend("50", exhausted: true);
        cluster.Settle();
        var row = cluster.Agent.Status!.Evaluations.ShouldHaveSingleItem();
        (row.Budget, row.Spent, row.Cap, row.Exhausted, row.Ledger).ShouldBe(("day", "50", "50", true, "evaluations"));
        Spent().ShouldHaveSingleItem().ShouldStartWith("evaluations spent $50 of their $50 a day: they are answered 402 until ");
        cluster.Condition(ConditionTypes.WithinBudget)!.Status.ShouldBe("True");
        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);

        cluster.Settle();
        Spent().Count.ShouldBe(1, "it is told once");
        BudgetWindows.Witness(cluster.Agent.Status!.Evaluations)!.Id.ShouldBe("evaluations", "a ledger that is deleted is missed");

        cluster.Now += TimeSpan.FromDays(1);
        Spend("1", exhausted: false);
        cluster.Settle();
        cluster.Agent.Status!.Evaluations.ShouldHaveSingleItem().Exhausted.ShouldNotBe(true);

        List<string> Spent() => [.. cluster.Events.Where(note => note.Reason == Reasons.BudgetExhausted).Select(note => note.Message)];
    }

    [Fact]
    public void An_observed_budget_scales_nothing_and_tells_that_it_would_have_until_it_is_enforced()
    {
        cluster.Agent.Spec.Budget!.Mode = BudgetMode.Observe;
        var revision = cluster.PromoteDeclared();
        cluster.Spend("61");
        cluster.Settle();

        cluster.Deployments[$"support-{revision}"].Pods.Wanted.ShouldBe(2);
        var condition = cluster.Condition(ConditionTypes.WithinBudget)!;
        (condition.Status, condition.Reason).ShouldBe(("True", Reasons.Observing));
        condition.Message.ShouldBe("nothing is refused: $61 of $50 a day spent, calls beyond the cap would have been refused");
        Alerts().ShouldBe(["$61 of $50 a day spent: 100 %"]);
        cluster.Agent.Status!.Budget.Single().Exhausted.ShouldNotBe(true);

        cluster.Agent.Spec.Budget!.Mode = BudgetMode.Enforce;
        cluster.Settle();
        LedgerRules
            .Apply(
                cluster.Ledger!,
                new()
                {
                    Holder = "h",
                    WantTotal = Money.Parse("0.1"),
                    Call = Money.Parse("0.1"),
                },
                new HolderPod("p", "u"),
                default,
                BudgetWindows.Serving(cluster.Agent.Spec, [], cluster.Now),
                cluster.Now
            )
            .Outcome.ShouldBe(GrantOutcome.Exhausted);
    }

    [Theory]
    [InlineData(Track.Serving, true)]
    [InlineData(Track.Eval, false)]
    public void What_an_evaluation_may_cost_is_enforced_also_where_the_agents_windows_are_observed(Track track, bool observed)
    {
        cluster.Agent.Spec.Budget!.Mode = BudgetMode.Observe;

        var config = JsonSerializer.Deserialize(
            ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), track)["data"]!["config.json"]!.GetValue<string>(),
            ContractsJson.Default.GuardrailConfig
        )!;

        config.Budget!.Observe.ShouldBe(observed);
        BudgetWindows.Evals(cluster.Agent.Spec).Observe.ShouldBeFalse();
    }

    private List<string> Alerts() =>
        [.. cluster.Events.Where(note => note.Reason == Reasons.BudgetAlert).Select(note => note.Message.Split(" or more")[0])];

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
