using AgentReadiness.Api.Resources;
using AgentReadiness.Contracts;
using AgentReadiness.Controller.Ledgers;

namespace AgentReadiness.Controller.Tests;

/// <summary>How a ledger keeps the growth of its spend, and what the status and alerts make of it.</summary>
public sealed class PaceTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    private static readonly BudgetSpec Budget = new()
    {
        Windows =
        [
            new BudgetWindow
            {
                Period = BudgetPeriod.Day,
                MaxCost = "50",
                AlertAt = [20],
            },
        ],
    };

    private static readonly BudgetLedgerStatus Empty = new()
    {
        Id = "ledger",
        Segment = 1,
        Limits =
        [
            new LedgerLimit
            {
                Budget = "day",
                Window = "2026-11-24",
                First = 1,
                Begins = Midnight.UtcDateTime,
                Ends = Midnight.AddDays(1).UtcDateTime,
                MaxCost = Money.Parse("50"),
            },
        ],
    };

    [Fact]
    public void The_first_spend_and_the_last_hour_of_a_window_are_kept()
    {
        var ledger = Spend(Empty, "1", Midnight.AddHours(2));
        ledger = Spend(ledger, "5", Midnight.AddHours(10));
        ledger = Spend(ledger, "10", Midnight.AddHours(12));
        ledger.Limits[0].FirstSpentAt.ShouldBe(Midnight.AddHours(2).UtcDateTime);

        var row = Row(ledger, Midnight.AddHours(12));
        // $10 in ten hours are $22 at the end; $5 in the last hour are $70.
        (row.Forecast, row.SpentLastHour, row.ForecastLastHour).ShouldBe(("22", "5", "70"));
        Row(ledger, Midnight.AddHours(14)).SpentLastHour.ShouldBe("0");
    }

    [Fact]
    public void A_runaway_is_in_the_alert_with_the_moment_at_which_the_cap_is_reached()
    {
        var ledger = Spend(Spend(Empty, "5", Midnight.AddHours(2)), "10", Midnight.AddHours(12));
        var report = WindowReport.Of(Budget, ledger, Midnight.AddHours(12)).ShouldHaveSingleItem();
        report.News([], "day").ShouldBe(20);
        report
            .AlertText(Midnight.AddHours(12))
            .ShouldBe(
                "$10 of $50 a day spent: 20 % or more; the window ends 2026-11-25T00:00Z; at the pace of the last hour the cap is "
                    + "reached at 2026-11-24T20:00Z"
            );
        // Two hours later nothing more was spent, and the mean keeps it within the cap.
        report.AlertText(Midnight.AddHours(14)).ShouldEndWith("the window ends 2026-11-25T00:00Z");
    }

    [Fact]
    public void An_alert_is_news_once()
    {
        var first = Spend(Empty, "5", Midnight.AddHours(2));
        var ledger = Spend(first, "10", Midnight.AddHours(12));
        var report = WindowReport.Of(Budget, ledger, Midnight.AddHours(12)).ShouldHaveSingleItem();
        report.News([Row(first, Midnight.AddHours(2))], "day").ShouldBe(20);
        var told = Row(ledger, Midnight.AddHours(12));
        report.News([told], "day").ShouldBe(0);
        // Another window has told nothing yet.
        report.News([told with { Ends = told.Ends.AddDays(-1) }], "day").ShouldBe(20);
    }

    [Fact]
    public void Where_nothing_was_spent_nothing_is_written()
    {
        var ledger = Spend(Empty, "1", Midnight.AddHours(2));
        PaceRecord.Note(ledger, ledger with { Epoch = 7 }, Midnight.AddHours(3)).Limits.ShouldBe(ledger.Limits);
        PaceRecord.Note(Empty, Empty, Midnight).ShouldBeSameAs(Empty);
    }

    private static BudgetLedgerStatus Spend(BudgetLedgerStatus before, string total, DateTimeOffset now) =>
        PaceRecord.Note(before, before with { Limits = [before.Limits[0] with { Settled = new Amount(Money.Parse(total), 0) }] }, now);

    private static BudgetWindowStatus Row(BudgetLedgerStatus ledger, DateTimeOffset now) =>
        WindowReport.Of(Budget, ledger, now).ShouldHaveSingleItem().Status("day", [], "ledger", now);
}
