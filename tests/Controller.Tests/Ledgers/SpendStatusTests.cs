using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

public sealed class SpendStatusTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly HolderPod Pod = new("pod-1", "uid-1");
    private static readonly BudgetSpec Budget = new()
    {
        Windows =
        [
            new BudgetWindow { Period = BudgetPeriod.Day, MaxCost = "50" },
            new BudgetWindow { Period = BudgetPeriod.Total, MaxCost = "500" },
        ],
    };

    [Fact]
    public void A_row_tells_where_the_window_goes_what_cost_most_and_what_calls_and_runs_cost()
    {
        var rows = Rows(Ledger(), [], Noon);
        var day = rows[0];
        // Half of the day is over.
        (day.Spent, day.Forecast).ShouldBe(("10", "20"));
        day.Top.ShouldBe([
            Share("customer", "acme", "4", 1),
            Share("customer", "(none)", "3", 1),
            Share("customer", "b", "2", 1),
            Share("model", "m", "10", 1),
            new SpendShareStatus
            {
                By = "run",
                Value = "r1",
                Spent = "7",
            },
            new SpendShareStatus
            {
                By = "run",
                Value = "r2",
                Spent = "2",
            },
            new SpendShareStatus
            {
                By = "run",
                Value = "r3",
                Spent = "1",
            },
        ]);
        day.PerCall!.Count.ShouldBe(4);
        day.PerCall.Max.ShouldBe("4");
        day.PerRun.ShouldBeNull();
        rows[1].Forecast.ShouldBeNull();
        rows[1].Top.Count.ShouldBe(7);
    }

    [Fact]
    public void News_of_spend_alone_is_no_reason_to_write_a_status()
    {
        var ledger = Ledger();
        var before = Rows(ledger, [], Noon);
        var more = Apply(ledger, 10, Batch(2, ("customer", [("late", 1m)])));
        Rows(more, before, Noon.AddMinutes(30))[0].ShouldBeSameAs(before[0]);
        // Money that moves is told after five minutes, and the rest with it.
        var spent = Apply(more, 11, Batch(3, ("customer", [("late", 4m)])));
        Rows(spent, before, Noon.AddMinutes(4))[0].ShouldBeSameAs(before[0]);
        Rows(spent, before, Noon.AddMinutes(6))[0].Top[0].Value.ShouldBe("late");
    }

    private static SpendShareStatus Share(string by, string value, string spent, long calls) =>
        new()
        {
            By = by,
            Value = value,
            Spent = spent,
            Calls = calls,
        };

    private static IReadOnlyList<BudgetWindowStatus> Rows(
        BudgetLedgerStatus ledger,
        IReadOnlyList<BudgetWindowStatus> before,
        DateTimeOffset now
    ) => [.. WindowReport.Of(Budget, ledger, now).Select(report => report.Status(report.Terms.Budget, before, "uid", now))];

    private static BudgetLedgerStatus Ledger()
    {
        var costs = new CostSketch();
        foreach (var cost in new[] { 1m, 2m, 3m, 4m })
            costs.Add(new Money(cost));
        var opened = LedgerRules
            .Apply(
                LedgerLimits.Open(new BudgetLedgerStatus(), Terms, Noon, "led"),
                new GrantRequest
                {
                    Holder = "h",
                    WantTotal = new Money(20),
                    Call = new Money(20),
                },
                Pod,
                default,
                Terms,
                Noon
            )
            .Account;
        return Apply(
            opened,
            10,
            Batch(1, ("customer", [("acme", 4m), ("b", 2m), ("c", 1m), (Attribution.None, 3m)]), ("model", [("m", 10m)])) with
            {
                Runs = [Run("r2", 2), Run("r1", 7), Run("r3", 1), Run("r4", 0)],
                PerCall = costs.ToString(),
            }
        );
    }

    private static AccountTerms Terms => new() { Limits = BudgetWindows.Limits(Budget, Noon) };

    private static BudgetLedgerStatus Apply(BudgetLedgerStatus ledger, decimal settled, SpendBatch batch) =>
        LedgerRules
            .Apply(
                ledger,
                new GrantRequest
                {
                    Holder = "h",
                    Window = "led-1",
                    Settled = new Money(settled),
                    Spend = [batch],
                },
                Pod,
                default,
                Terms,
                Noon
            )
            .Account;

    private static RunSpend Run(string id, decimal cost) => new() { Id = id, Cost = new Money(cost) };

    private static SpendBatch Batch(long number, params (string Name, (string Value, decimal Cost)[] Values)[] by) =>
        new()
        {
            Number = number,
            By =
            [
                .. by.Select(one => new SpendDimension
                {
                    Name = one.Name,
                    Values =
                    [
                        .. one.Values.Select(value => new SpendValue
                        {
                            Value = value.Value,
                            Cost = new Money(value.Cost),
                            Calls = 1,
                        }),
                    ],
                }),
            ],
        };
}
