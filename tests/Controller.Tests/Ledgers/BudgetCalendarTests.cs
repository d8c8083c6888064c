using System.Text.RegularExpressions;
using AgentReadiness.Api.Calendar;
using AgentReadiness.Api.Resources;
using CsCheck;
using NodaTime;
using NodaTime.TimeZones;

namespace AgentReadiness.Controller.Tests;

/// <summary>Windows follow the calendar of a zone, and tile time whatever the zone does to its clock.</summary>
public sealed partial class BudgetCalendarTests
{
    private static readonly BudgetPeriod[] Periods = [BudgetPeriod.Hour, BudgetPeriod.Day, BudgetPeriod.Week, BudgetPeriod.Month];

    private static readonly DateTimeZone[] Zones = [.. TimeZones.Names.Order(StringComparer.Ordinal).Select(Zone)];

    private static readonly Instant From = Instant.FromUtc(2000, 1, 1, 0, 0);

    private static readonly Instant Until = Instant.FromUtc(2040, 1, 1, 0, 0);

    [Theory]
    // UTC, as windows always were.
    [InlineData("UTC", BudgetPeriod.Hour, "2026-11-24T23:59:59.9Z", "2026-11-24T23", "2026-11-24T23:00:00Z", "2026-11-25T00:00:00Z")]
    [InlineData("Etc/UTC", BudgetPeriod.Hour, "2026-11-24T23:59:59.9Z", "2026-11-24T23", "2026-11-24T23:00:00Z", "2026-11-25T00:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Day, "2026-12-31T12:00:00Z", "2026-12-31", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Week, "2026-11-29T23:59:59Z", "2026-W48", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Week, "2027-01-03T12:00:00Z", "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Month, "2028-02-29T12:00:00Z", "2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z")]
    [InlineData("UTC", BudgetPeriod.Total, "2026-11-24T12:00:00Z", "total", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z")]
    // The zone's date, not that of UTC, nor that of the offset that the moment is written with.
    [InlineData("Europe/Berlin", BudgetPeriod.Day, "2026-11-24T23:30:00Z", "2026-11-25", "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z")]
    [InlineData(
        "Europe/Berlin",
        BudgetPeriod.Day,
        "2026-11-25T08:30:00+09:00",
        "2026-11-25",
        "2026-11-24T23:00:00Z",
        "2026-11-25T23:00:00Z"
    )]
    [InlineData(
        "America/Los_Angeles",
        BudgetPeriod.Month,
        "2026-12-01T07:59:59Z",
        "2026-11",
        "2026-11-01T07:00:00Z",
        "2026-12-01T08:00:00Z"
    )]
    [InlineData(
        "Pacific/Kiritimati",
        BudgetPeriod.Week,
        "2026-12-31T10:00:00Z",
        "2026-W53",
        "2026-12-27T10:00:00Z",
        "2027-01-03T10:00:00Z"
    )]
    // Days of 23 and 25 hours, the weeks and months around them.
    [InlineData("Europe/Berlin", BudgetPeriod.Day, "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("Europe/Berlin", BudgetPeriod.Day, "2026-10-25T12:00:00Z", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData("Europe/Berlin", BudgetPeriod.Week, "2026-10-25T12:00:00Z", "2026-W43", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData("Europe/Berlin", BudgetPeriod.Month, "2026-03-29T12:00:00Z", "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]
    // The hour that is skipped, and the one that comes twice.
    [InlineData(
        "Europe/Berlin",
        BudgetPeriod.Hour,
        "2026-03-29T00:59:59Z",
        "2026-03-29T01+01:00",
        "2026-03-29T00:00:00Z",
        "2026-03-29T01:00:00Z"
    )]
    [InlineData(
        "Europe/Berlin",
        BudgetPeriod.Hour,
        "2026-03-29T01:00:00Z",
        "2026-03-29T03+02:00",
        "2026-03-29T01:00:00Z",
        "2026-03-29T02:00:00Z"
    )]
    [InlineData(
        "America/New_York",
        BudgetPeriod.Hour,
        "2026-11-01T05:59:59Z",
        "2026-11-01T01-04:00",
        "2026-11-01T05:00:00Z",
        "2026-11-01T06:00:00Z"
    )]
    [InlineData(
        "America/New_York",
        BudgetPeriod.Hour,
        "2026-11-01T06:00:00Z",
        "2026-11-01T01-05:00",
        "2026-11-01T06:00:00Z",
        "2026-11-01T07:00:00Z"
    )]
    [InlineData(
        "Europe/London",
        BudgetPeriod.Hour,
        "2026-11-24T12:30:00Z",
        "2026-11-24T12+00:00",
        "2026-11-24T12:00:00Z",
        "2026-11-24T13:00:00Z"
    )]
    // Midnight is skipped: the day begins at 01:00.
    [InlineData(
        "America/Sao_Paulo",
        BudgetPeriod.Day,
        "2018-11-04T12:00:00Z",
        "2018-11-04",
        "2018-11-04T03:00:00Z",
        "2018-11-05T02:00:00Z"
    )]
    [InlineData("Africa/Cairo", BudgetPeriod.Day, "2026-04-24T12:00:00Z", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z")]
    [InlineData("Asia/Beirut", BudgetPeriod.Day, "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z")]
    [InlineData(
        "Asia/Beirut",
        BudgetPeriod.Hour,
        "2026-03-28T22:00:00Z",
        "2026-03-29T01+03:00",
        "2026-03-28T22:00:00Z",
        "2026-03-28T23:00:00Z"
    )]
    // The last hour before midnight comes twice: both are of the day that ends.
    [InlineData(
        "America/Sao_Paulo",
        BudgetPeriod.Day,
        "2018-02-18T02:30:00Z",
        "2018-02-17",
        "2018-02-17T02:00:00Z",
        "2018-02-18T03:00:00Z"
    )]
    // Midnight comes twice: the day begins at the first.
    [InlineData("America/Havana", BudgetPeriod.Day, "2024-11-03T04:30:00Z", "2024-11-03", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z")]
    [InlineData("America/Havana", BudgetPeriod.Day, "2024-11-03T05:30:00Z", "2024-11-03", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z")]
    // A minute after midnight the clock goes back into yesterday: the day that has begun goes on, in its week and month too.
    [InlineData("America/St_Johns", BudgetPeriod.Day, "2010-11-07T02:30:30Z", "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z")]
    [InlineData("America/St_Johns", BudgetPeriod.Day, "2010-11-07T03:00:00Z", "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z")]
    [InlineData(
        "America/St_Johns",
        BudgetPeriod.Hour,
        "2010-11-07T03:00:00Z",
        "2010-11-06T23-03:30",
        "2010-11-07T02:31:00Z",
        "2010-11-07T03:30:00Z"
    )]
    // Zones off the full hour, and a clock that moves by half of one.
    [InlineData(
        "Asia/Kathmandu",
        BudgetPeriod.Hour,
        "2026-11-24T12:00:00Z",
        "2026-11-24T17+05:45",
        "2026-11-24T11:15:00Z",
        "2026-11-24T12:15:00Z"
    )]
    [InlineData("Asia/Kathmandu", BudgetPeriod.Day, "2026-11-24T12:00:00Z", "2026-11-24", "2026-11-23T18:15:00Z", "2026-11-24T18:15:00Z")]
    [InlineData(
        "Australia/Lord_Howe",
        BudgetPeriod.Hour,
        "2026-04-04T14:30:00Z",
        "2026-04-05T01+11:00",
        "2026-04-04T14:00:00Z",
        "2026-04-04T15:00:00Z"
    )]
    [InlineData(
        "Australia/Lord_Howe",
        BudgetPeriod.Hour,
        "2026-04-04T15:00:00Z",
        "2026-04-05T01+10:30",
        "2026-04-04T15:00:00Z",
        "2026-04-04T15:30:00Z"
    )]
    [InlineData(
        "Australia/Lord_Howe",
        BudgetPeriod.Hour,
        "2026-10-03T15:30:00Z",
        "2026-10-04T02+11:00",
        "2026-10-03T15:30:00Z",
        "2026-10-03T16:00:00Z"
    )]
    [InlineData(
        "Australia/Lord_Howe",
        BudgetPeriod.Day,
        "2026-04-05T00:00:00Z",
        "2026-04-05",
        "2026-04-04T13:00:00Z",
        "2026-04-05T13:30:00Z"
    )]
    // 2011-12-30 never was in Samoa.
    [InlineData("Pacific/Apia", BudgetPeriod.Day, "2011-12-30T09:59:59Z", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Apia", BudgetPeriod.Day, "2011-12-30T10:00:00Z", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")]
    [InlineData("Pacific/Apia", BudgetPeriod.Week, "2011-12-30T10:00:00Z", "2011-W52", "2011-12-26T10:00:00Z", "2012-01-01T10:00:00Z")]
    public void A_window_follows_the_zones_calendar(
        string zone,
        BudgetPeriod period,
        string now,
        string name,
        string begins,
        string ends
    ) => BudgetCalendar.At(period, Moment(now), Zone(zone)).ShouldBe(new CalendarWindow(name, Moment(begins), Moment(ends)));

    [Fact]
    public void Around_any_moment_of_any_zone_windows_tile_time()
    {
        var odd = 0;
        Gen.Select(
                Gen.Int[0, Zones.Length - 1],
                Gen.Int[0, Periods.Length - 1],
                Gen.Long[From.ToUnixTimeTicks(), Until.ToUnixTimeTicks()],
                Gen.Int[-200, 200]
            )
            .Sample(
                drawn =>
                {
                    var (zone, period, now) = (Zones[drawn.Item1], Periods[drawn.Item2], Instant.FromUnixTimeTicks(drawn.Item3));
                    // Most draws go next to a change of the clock: that is where windows go wrong.
                    if (drawn.Item4 % 4 != 0 && zone.GetZoneInterval(now) is { HasEnd: true } interval)
                    {
                        now = interval.End + Duration.FromMinutes(drawn.Item4);
                        Interlocked.Increment(ref odd);
                    }
                    var window = BudgetCalendar.At(period, now.ToDateTimeOffset(), zone);
                    CheckNeighbours(window, period, now.ToDateTimeOffset(), zone);
                },
                iter: 100_000
            );
        odd.ShouldBeGreaterThan(20_000, "a property that never comes near a change of the clock proves little");
    }

    [Fact]
    public void From_2000_to_2040_no_zone_has_a_gap_an_overlap_or_a_name_twice()
    {
        var samples = new[]
        {
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "America/St_Johns",
            "America/Sao_Paulo",
            "America/Havana",
            "Africa/Cairo",
            "Africa/Casablanca",
            "Asia/Beirut",
            "Asia/Gaza",
            "Asia/Kathmandu",
            "Asia/Pyongyang",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Pacific/Kwajalein",
            "Antarctica/Troll",
        };
        foreach (var zone in Zones)
            Walk(BudgetPeriod.Month, zone);
        foreach (var zone in samples.Select(Zone))
        {
            foreach (var period in Periods)
                Walk(period, zone);
        }
    }

    [Fact]
    public void Every_hour_next_to_a_change_of_any_zones_clock_is_a_window()
    {
        foreach (var zone in Zones)
        {
            foreach (var interval in zone.GetZoneIntervals(From, Until).Where(interval => interval.HasEnd && interval.End < Until))
            {
                var names = new HashSet<string>();
                var stop = (interval.End + Duration.FromHours(4)).ToDateTimeOffset();
                var now = (interval.End - Duration.FromHours(4)).ToDateTimeOffset();
                while (now < stop)
                {
                    var window = BudgetCalendar.At(BudgetPeriod.Hour, now, zone);
                    CheckNeighbours(window, BudgetPeriod.Hour, now, zone);
                    names.Add(window.Name).ShouldBeTrue($"{zone.Id}: {window.Name} twice");
                    (window.Ends - window.Begins).ShouldBeLessThanOrEqualTo(TimeSpan.FromHours(1));
                    now = window.Ends;
                }
            }
        }
    }

    [Theory]
    [InlineData("2026-11-24T12:05:00Z")]
    [InlineData("2026-11-24T12:20:00Z")]
    [InlineData("2026-11-24T12:59:59Z")]
    public void A_change_of_the_abbreviation_alone_cuts_no_hour(string now) =>
        BudgetCalendar
            .At(BudgetPeriod.Hour, Moment(now), new Renamed(Instant.FromUtc(2026, 11, 24, 12, 20)))
            .ShouldBe(new CalendarWindow("2026-11-24T13+01:00", Moment("2026-11-24T12:00:00Z"), Moment("2026-11-24T13:00:00Z")));

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("UTC", true)]
    [InlineData("Europe/Berlin", true)]
    [InlineData("Asia/Calcutta", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("europe/berlin", false)]
    [InlineData("Europe/Atlantis", false)]
    [InlineData("CEST", false)]
    [InlineData("UTC+2", false)]
    [InlineData("UTC+02:00", false)]
    [InlineData("W. Europe Standard Time", false)]
    [InlineData("Local", false)]
    [InlineData(" UTC", false)]
    public void A_zone_goes_by_its_IANA_name(string? name, bool known)
    {
        BudgetCalendar.TryZone(name, out var zone).ShouldBe(known);
        zone.Id.ShouldBe(known && name is { Length: > 0 } ? name : "UTC");
    }

    private static void Walk(BudgetPeriod period, DateTimeZone zone)
    {
        var names = new HashSet<string>();
        var window = BudgetCalendar.At(period, From.ToDateTimeOffset(), zone);
        var until = Until.ToDateTimeOffset();
        while (window.Begins < until)
        {
            names.Add(window.Name).ShouldBeTrue($"{zone.Id}: {window.Name} twice");
            var next = BudgetCalendar.At(period, window.Ends, zone);
            if (next.Begins != window.Ends || next.Ends <= next.Begins)
                throw new ShouldAssertException($"{zone.Id}: {window} is followed by {next}");
            window = next;
        }
        names.Count.ShouldBeGreaterThan(479);
    }

    private static void CheckNeighbours(CalendarWindow window, BudgetPeriod period, DateTimeOffset now, DateTimeZone zone)
    {
        var at = $"{zone.Id} {period} {now:O}: {window}";
        (window.Begins <= now && now < window.Ends).ShouldBeTrue(at);
        Name().IsMatch(window.Name).ShouldBeTrue(at);
        BudgetCalendar.At(period, window.Begins, zone).ShouldBe(window, at);
        BudgetCalendar.At(period, window.Ends.AddTicks(-1), zone).ShouldBe(window, at);
        foreach (
            var neighbour in new[]
            {
                BudgetCalendar.At(period, window.Begins.AddTicks(-1), zone),
                BudgetCalendar.At(period, window.Ends, zone),
            }
        )
            neighbour.Name.ShouldNotBe(window.Name, at);
        BudgetCalendar.At(period, window.Begins.AddTicks(-1), zone).Ends.ShouldBe(window.Begins, at);
        BudgetCalendar.At(period, window.Ends, zone).Begins.ShouldBe(window.Ends, at);
    }

    private static DateTimeZone Zone(string name) => BudgetCalendar.TryZone(name, out var zone) ? zone : throw new ArgumentException(name);

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    // Winter time all year from a moment on, as summer time was: the clock does not move. No real zone does so within an hour today.
    private sealed class Renamed(Instant at) : DateTimeZone("Test/Renamed", false, Offset.FromHours(1), Offset.FromHours(1))
    {
        public override ZoneInterval GetZoneInterval(Instant instant) =>
            instant < at
                ? new ZoneInterval("SUMMER", null, at, Offset.FromHours(1), Offset.FromHours(1))
                : new ZoneInterval("WINTER", at, null, Offset.FromHours(1), Offset.Zero);
    }

    [GeneratedRegex("^[0-9A-Za-z:+-]{1,32}$")]
    private static partial Regex Name();
}
