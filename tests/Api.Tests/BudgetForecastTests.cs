using AgentReadiness.Api.Calendar;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Tests;

/// <summary>The one formula by which the status and kubectl agents say where a window goes.</summary>
public sealed class BudgetForecastTests
{
    private static readonly DateTimeOffset Begins = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    private static WindowSpend Day(decimal spent, TimeSpan known) =>
        new(spent, Begins + known) { Begins = Begins, Ends = Begins.AddDays(1) };

    [Fact]
    public void Without_a_first_spend_the_pace_counts_from_the_beginning_of_the_window() =>
        BudgetForecast.Of(Day(3m, TimeSpan.FromHours(6))).ShouldBe(new BudgetForecast(12m, null, null));

    [Fact]
    public void An_agent_that_is_new_in_its_window_is_judged_by_the_time_that_it_has_spent()
    {
        // Ten minutes of $1 each, at noon: the window is half over, and the mean since its beginning would say $20.
        var spend = Day(10m, TimeSpan.FromHours(12)) with
        {
            FirstSpentAt = Begins.AddHours(12).AddMinutes(-10),
            LastHour = 10m,
        };
        BudgetForecast.Of(spend).ShouldBe(new BudgetForecast(730m, 730m, null));
    }

    [Fact]
    public void A_runaway_shows_in_the_last_hour_and_alerts_go_by_the_faster_pace()
    {
        var spend = Day(10m, TimeSpan.FromHours(12)) with { FirstSpentAt = Begins.AddHours(2), LastHour = 5m };
        var forecast = BudgetForecast.Of(spend);
        (forecast.Mean, forecast.LastHour, forecast.AtEnd).ShouldBe((22m, 70m, 70m));
        forecast.IsLastHourFaster.ShouldBeTrue();
        BudgetForecast.Reaches(spend, 40m).ShouldBe(Begins.AddHours(18));
        BudgetForecast.Reaches(spend, 70m).ShouldBeNull();
        BudgetForecast.Reaches(spend, 10m).ShouldBe(spend.Known);

        var quiet = BudgetForecast.Of(spend with { LastHour = 0m });
        (quiet.AtEnd, quiet.LastHour).ShouldBe((22m, 10m));
        quiet.IsLastHourFaster.ShouldBeFalse();
    }

    [Fact]
    public void What_is_not_known_is_not_guessed()
    {
        BudgetForecast.Of(Day(3m, TimeSpan.FromMinutes(4))).AtEnd.ShouldBeNull();
        BudgetForecast
            .Of(Day(3m, TimeSpan.FromHours(6)) with { FirstSpentAt = Begins.AddHours(6).AddMinutes(-4), LastHour = 3m })
            .AtEnd.ShouldBeNull();
        BudgetForecast.Of(Day(0m, TimeSpan.FromHours(6))).AtEnd.ShouldBeNull();
        BudgetForecast.Of(Day(3m, TimeSpan.FromHours(6)) with { Begins = null }).AtEnd.ShouldBeNull();
        BudgetForecast.Of(Day(3m, TimeSpan.FromHours(6)) with { Ends = null }).AtEnd.ShouldBeNull();
    }

    [Fact]
    public void The_pace_of_the_last_hour_is_kept_in_a_bounded_text()
    {
        string? pace = null;
        var spent = Amount.Zero;
        for (var minute = 0; minute <= 240; minute++)
        {
            var before = spent;
            spent += new Amount(Money.Parse("0.1"), 7);
            pace = SpendPace.Note(pace, before, spent, Begins.AddMinutes(minute));
        }
        pace!.Split(' ').Length.ShouldBeInRange(12, 14);
        // 60 minutes of $0.1.
        SpendPace.LastHour(pace, Begins, spent, Begins.AddMinutes(240)).ShouldBe(new Amount(Money.Parse("6"), 60 * 7));
        SpendPace.LastHour(pace, Begins, spent, Begins.AddHours(6)).ShouldBe(Amount.Zero);
        SpendPace.LastHour(pace, null, spent, Begins.AddHours(6)).ShouldBeNull();
        SpendPace.LastHour(null, Begins.AddHours(5.5), spent, Begins.AddHours(6)).ShouldBe(spent);
        SpendPace.Note(pace, spent, spent, Begins.AddHours(6)).ShouldBe(pace);
        // What came within five minutes of the last moment is not the last hour's when the next spend comes hours later.
        var first = SpendPace.Note(null, Amount.Zero, Spent("1"), Begins);
        var second = SpendPace.Note(first, Spent("1"), Spent("3"), Begins.AddMinutes(2));
        second.ShouldBe(first);
        var later = SpendPace.Note(second, Spent("3"), Spent("4"), Begins.AddHours(5));
        SpendPace.LastHour(later, Begins, Spent("4"), Begins.AddHours(5)).ShouldBe(Spent("1"));
    }

    private static Amount Spent(string cost) => new(Money.Parse(cost), 0);
}
