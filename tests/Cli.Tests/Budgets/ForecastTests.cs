using AgentReadiness.Api.Resources;
using AgentReadiness.Cli.Budgets;

namespace AgentReadiness.Cli.Tests.Budgets;

public sealed class ForecastTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    // hours known, spent, cap, raise to, raise ends, forecast, cap reached at hour
    [InlineData(6, 10, 50, null, null, 40, null)]
    [InlineData(6, 20, 50, null, null, 80, 15.0)]
    [InlineData(6, 60, 50, null, null, 240, 5.0)]
    [InlineData(12, 25, 50, null, null, 50, null)]
    [InlineData(0.24, 1, 50, null, null, 100, 12.0)]
    [InlineData(0.2, 1, 50, null, null, 120, 10.0)]
    [InlineData(0.08, 1, 50, null, null, null, null)]
    [InlineData(6, 0, 50, null, null, null, null)]
    // Until the raise ends the higher cap counts, and the declared one from then on.
    [InlineData(6, 20, 50, 60, 20.0, 80, 18.0)]
    [InlineData(6, 20, 50, 75, 20.0, 80, 20.0)]
    [InlineData(6, 20, 50, 75, 12.0, 80, 15.0)]
    [InlineData(6, 10, 50, 75, 12.0, 40, null)]
    [InlineData(6, 20, 50, 75, 30.0, 80, 22.5)]
    public void The_pace_goes_on(double hours, int spent, int declared, int? raised, double? ends, int? atEnd, double? reached)
    {
        var cap = new CapReport(BudgetUnit.Usd, spent, raised ?? declared) { Declared = raised is null ? null : declared };
        var known = Midnight.AddHours(hours);
        var line = new WindowLine("day", BudgetPeriod.Day, "2026-11-24", [cap])
        {
            Begins = Midnight,
            Ends = Midnight.AddDays(1),
            AsOf = known,
            Known = known,
            Raise = ends is { } end ? new BudgetRaise { Period = BudgetPeriod.Day, ExpiresAt = Midnight.AddHours(end).UtcDateTime } : null,
        };

        var forecast = Forecast.Of(line, cap, known);

        forecast.AtEnd.ShouldBe(atEnd);
        forecast.CapReached.ShouldBe(reached is { } at ? Midnight.AddHours(at) : null);
        (forecast.Unknown is null).ShouldBe(atEnd is not null);
    }

    [Fact]
    public void The_cap_is_reached_at_the_pace_of_the_last_hour_where_that_is_faster()
    {
        var cap = new CapReport(BudgetUnit.Usd, 10, 40) { LastHour = 5 };
        var line = new WindowLine("day", BudgetPeriod.Day, "2026-11-24", [cap])
        {
            Begins = Midnight,
            Ends = Midnight.AddDays(1),
            FirstSpentAt = Midnight.AddHours(2),
            Known = Midnight.AddHours(12),
        };

        var forecast = Forecast.Of(line, cap, line.Known);

        (forecast.Paces.Mean, forecast.Paces.LastHour, forecast.AtEnd).ShouldBe((22m, 70m, 70m));
        forecast.CapReached.ShouldBe(Midnight.AddHours(18));
    }

    [Fact]
    public void Both_paces_are_read_from_the_status_too()
    {
        var row = new BudgetWindowStatus
        {
            Budget = "day",
            Period = BudgetPeriod.Day,
            Spent = "10",
            Cap = "40",
            SpentTokens = 1000,
            CapTokens = 9000,
            FirstSpentAt = Midnight.AddHours(2).UtcDateTime,
            SpentLastHour = "5",
            SpentTokensLastHour = 300,
            Ends = Midnight.AddDays(1).UtcDateTime,
            AsOf = Midnight.AddHours(12).UtcDateTime,
        };
        var line = WindowLines.Of(row, null, Midnight.AddHours(12));
        line.FirstSpentAt.ShouldBe(Midnight.AddHours(2));
        line.Caps.Select(cap => cap.LastHour).ShouldBe([5m, 300m]);
    }

    [Theory]
    // A status that was not written for long tells of no change since: what it has holds until five minutes ago.
    [InlineData("2026-11-24T05:58:00Z", "2026-11-24T05:58:00Z")]
    [InlineData("2026-11-24T01:00:00Z", "2026-11-24T05:55:00Z")]
    public void An_old_status_is_no_faster_pace(string asOf, string known)
    {
        var row = new BudgetWindowStatus
        {
            Budget = "day",
            Period = BudgetPeriod.Day,
            Spent = "1",
            Cap = "5",
            Ends = Midnight.AddDays(1).UtcDateTime,
            AsOf = Moment(asOf).UtcDateTime,
        };
        WindowLines.Of(row, null, Midnight.AddHours(6)).Known.ShouldBe(Moment(known));
    }

    [Theory]
    [InlineData("Europe/Berlin", BudgetPeriod.Day, "2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Week, "2026-11-30T00:00:00Z", "2026-11-23T00:00:00Z")]
    // The zone was changed while the window was open: its beginning is not known.
    [InlineData("Asia/Tokyo", BudgetPeriod.Day, "2026-10-25T23:00:00Z", null)]
    public void A_window_begins_where_the_zone_has_it(string zone, BudgetPeriod period, string ends, string? begins)
    {
        var row = new BudgetWindowStatus
        {
            Budget = "x",
            Period = period,
            Ends = Moment(ends).UtcDateTime,
        };
        WindowLines.Of(row, new BudgetSpec { TimeZone = zone }, Midnight).Begins.ShouldBe(begins is null ? null : Moment(begins));
    }

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
