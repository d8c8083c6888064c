using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Ledgers;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

public sealed class SpendBookTests
{
    private static readonly Gen<List<(int Action, int Who, int Which, int Cents)>> Histories = Gen.Select(
        Gen.Int[0, SpendModel.Actions - 1],
        Gen.Int[0, 11],
        Gen.Int[0, 999],
        Gen.Int[1, 300]
    ).List[20, 300];

    [Fact]
    public void Under_loss_repetition_reordering_failed_writes_and_two_leaders_the_sums_are_exact() =>
        Histories.Sample(history => Run(SpendGuard.None, history), iter: 2000);

    [Theory]
    [InlineData(SpendGuard.AcknowledgeWritten)]
    [InlineData(SpendGuard.AddOnce)]
    [InlineData(SpendGuard.CloseWithTheRest)]
    public void Without_a_guard_a_sum_is_wrong(SpendGuard guard) =>
        Should.Throw<BrokenPromiseException>(() =>
        {
            // The same histories each time: whether the bug is found must not be luck.
            for (var seed = 0; seed < 1000; seed++)
                Run(guard, History(new Random(seed)));
        });

    [Fact]
    public void Money_is_the_same_whatever_is_told_of_spend()
    {
        var told = Batch(1, ("customer", [("acme", 3m), ("initech", 5m)]));
        var (with, without) = (Apply(Ledger(), [told]), Apply(Ledger(), []));
        LedgerStore.Same(with, without).ShouldBeFalse();
        with = with with
        {
            Limits = [.. with.Limits.Select(limit => limit with { Spend = null })],
            Holders = [.. with.Holders.Select(line => line with { Noted = null })],
        };
        LedgerStore.Same(with, without).ShouldBeTrue();
    }

    [Fact]
    public void A_batch_counts_in_each_own_limit_of_its_segment_and_in_no_shared_one()
    {
        var ledger = Ledger();
        ledger = ledger with
        {
            Limits =
            [
                .. ledger.Limits,
                new LedgerLimit
                {
                    Budget = "shop.team.shared",
                    Window = "x-1",
                    First = 1,
                    Shared = true,
                    Ends = Now.UtcDateTime.AddDays(1),
                },
            ],
        };
        var after = Apply(ledger, [Batch(1, ("customer", [("acme", 3m)]))]);
        after.Limits.Where(limit => limit.Spend is not null).Select(limit => limit.Budget).ShouldBe(["hour", "total"], ignoreOrder: true);
        after.Holders.ShouldHaveSingleItem().Noted.ShouldBe(1);
    }

    [Fact]
    public void A_repeated_batch_and_one_before_it_change_nothing_and_a_closed_line_takes_none()
    {
        var (first, second) = (Batch(1, ("customer", [("acme", 3m)])), Batch(2, ("customer", [("acme", 4m)])));
        var once = Apply(Apply(Ledger(), [first]), [first, second]);
        Spent(once, "acme").ShouldBe(new Money(7));
        Spent(Apply(once, [first]), "acme").ShouldBe(new Money(7));
        Spent(Apply(once, [second]), "acme").ShouldBe(new Money(7));

        var closed = Apply(once, [Batch(3, ("customer", [("acme", 1m)]))], closing: true);
        Spent(closed, "acme").ShouldBe(new Money(8));
        Spent(Apply(closed, [Batch(4, ("customer", [("acme", 100m)]))]), "acme").ShouldBe(new Money(8));
    }

    [Fact]
    public void Many_values_and_many_dimensions_stay_few_and_no_cent_is_lost()
    {
        var ledger = Ledger();
        for (var i = 1; i <= 40; i++)
        {
            ledger = Apply(
                ledger,
                [
                    Batch(
                        i,
                        ("customer", [.. Enumerable.Range(0, 20).Select(n => ($"c{(i * 7) + n}", n + 1m))]),
                        ($"d{i}", [("x", 1m)])
                    ) with
                    {
                        Runs =
                        [
                            .. Enumerable.Range(0, 5).Select(n => new RunSpend { Id = $"run-{i}-{n}", Cost = new Money((i * n) % 17) }),
                        ],
                    },
                ]
            );
        }
        var spend = ledger.Limits.First(limit => limit.Budget == "total").Spend!;
        spend.By.Count.ShouldBe(8);
        var customers = spend.By.Single(dimension => dimension.Name == "customer").Values;
        customers.Count.ShouldBe(11);
        customers[^1].Value.ShouldBe(Attribution.Other);
        Money.Sum(customers.Select(value => value.Cost)).ShouldBe(new Money(40 * 210));
        customers.Sum(value => value.Calls).ShouldBe(40 * 20);
        spend.Runs.Select(run => run.Cost.Amount).ShouldBe([16m, 16m, 16m, 16m, 16m]);
    }

    [Fact]
    public void What_is_told_of_spend_is_gone_with_its_window()
    {
        var ledger = Apply(Apply(Ledger(), [Batch(1, ("customer", [("acme", 3m)]))]), [], closing: true);
        var later = LedgerLimits.Open(ledger, Terms(Now.AddHours(1)), Now.AddHours(1), "led");
        later.Previous.ShouldHaveSingleItem().Budget.ShouldBe("hour");
        later.Limits.Single(limit => limit.Budget == "hour").Spend.ShouldBeNull();
        Spent(later, "acme").ShouldBe(new Money(3));
    }

    [Theory]
    [InlineData("""[{"number":0}]""", "spend[0].number")]
    [InlineData("""[null]""", "spend[0].number")]
    [InlineData("""[{"number":1},{"number":2},{"number":3}]""", "spend:")]
    [InlineData("""[{"number":1,"by":null}]""", "spend[0].by:")]
    [InlineData("""[{"number":1,"by":[{"name":"A b"}]}]""", "spend[0].by[0].name")]
    [InlineData("""[{"number":1,"by":[{"name":"run"}]}]""", "spend[0].by[0].name")]
    [InlineData("""[{"number":1,"by":[null]}]""", "spend[0].by[0].name")]
    [InlineData("""[{"number":1,"by":[{"name":"a"},{"name":"a"}]}]""", "spend[0].by[1].name")]
    [InlineData(
        """[{"number":1,"by":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"},{"name":"e"},{"name":"f"},{"name":"g"}]}]""",
        "spend[0].by:"
    )]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":null}]}]""", "spend[0].by[0].values:")]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":[{"value":""}]}]}]""", "spend[0].by[0].values[0].value")]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":[{"value":"x\u001b"}]}]}]""", "spend[0].by[0].values[0].value")]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":[{"value":"x","cost":"99999999999"}]}]}]""", "spend[0].by[0].values[0].cost")]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":[{"value":"x","calls":-1}]}]}]""", "spend[0].by[0].values[0].calls")]
    [InlineData("""[{"number":1,"by":[{"name":"a","values":[{"value":"x"},{"value":"x"}]}]}]""", "spend[0].by[0].values[1].value")]
    [InlineData("""[{"number":1,"runs":null}]""", "spend[0].runs:")]
    [InlineData("""[{"number":1,"runs":[{"id":"../x"}]}]""", "spend[0].runs[0].id")]
    [InlineData("""[{"number":1,"runs":[{"id":"x","cost":"99999999999"}]}]""", "spend[0].runs[0].cost")]
    [InlineData("""[{"number":1,"perCall":"many"}]""", "spend[0].perCall")]
    [InlineData("""[{"number":1,"perRun":"max=1 3:99999999999"}]""", "spend[0].perRun")]
    [InlineData("null", "spend:")]
    public void What_breaks_a_bound_is_named(string spend, string field)
    {
        var request = System.Text.Json.JsonSerializer.Deserialize(
            $$"""{"holder":"h","spend":{{spend}}}""",
            ContractsJson.Default.GrantRequest
        )!;
        SpendBounds.Problem(request.Spend).ShouldNotBeNull().ShouldStartWith(field);
    }

    [Fact]
    public void A_guardrail_that_tells_nothing_of_spend_breaks_none() =>
        SpendBounds
            .Problem(System.Text.Json.JsonSerializer.Deserialize("""{"holder":"h"}""", ContractsJson.Default.GrantRequest)!.Spend)
            .ShouldBeNull();

    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly HolderPod Pod = new("pod-1", "uid-1");

    private static AccountTerms Terms(DateTimeOffset now) =>
        new()
        {
            Limits =
            [
                BudgetWindows.Of(BudgetPeriod.Hour, now) with
                {
                    MaxCost = new Money(1000),
                },
                BudgetWindows.Of(BudgetPeriod.Total, now) with
                {
                    MaxCost = new Money(1000),
                },
            ],
        };

    private static BudgetLedgerStatus Ledger() =>
        LedgerRules
            .Apply(
                LedgerLimits.Open(new BudgetLedgerStatus(), Terms(Now), Now, "led"),
                new GrantRequest
                {
                    Holder = "h",
                    WantTotal = new Money(1),
                    Call = new Money(1),
                },
                Pod,
                default,
                Terms(Now),
                Now
            )
            .Account;

    private static BudgetLedgerStatus Apply(BudgetLedgerStatus ledger, IReadOnlyList<SpendBatch> batches, bool closing = false) =>
        LedgerRules
            .Apply(
                ledger,
                new GrantRequest
                {
                    Holder = "h",
                    Window = "led-1",
                    Settled = new Money(0.5m),
                    Spend = batches,
                    Closing = closing,
                },
                Pod,
                default,
                Terms(Now),
                Now
            )
            .Account;

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

    private static Money Spent(BudgetLedgerStatus ledger, string customer) =>
        ledger
            .Limits.First(limit => limit.Budget == "total")
            .Spend!.By.Single(dimension => dimension.Name == "customer")
            .Values.Single(value => value.Value == customer)
            .Cost;

    private static IEnumerable<(int Action, int Who, int Which, int Cents)> History(Random random) =>
        [
            .. Enumerable
                .Range(0, 300)
                .Select(_ => (random.Next(SpendModel.Actions), random.Next(12), random.Next(1000), random.Next(1, 301))),
        ];

    private static void Run(SpendGuard missing, IEnumerable<(int Action, int Who, int Which, int Cents)> history)
    {
        var model = new SpendModel(missing);
        foreach (var (action, who, which, cents) in history)
            model.Step(action, who, which, cents);
        model.Settle();
    }
}
