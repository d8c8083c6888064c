using System.Globalization;
using AgentReadiness.Api.Resources;
using NodaTime;
using NodaTime.Calendars;

namespace AgentReadiness.Api.Calendar;

/// <summary>A stretch of the calendar.</summary>
/// <param name="Name">Its name, unique among the windows of its period and zone; at most 32 characters of [0-9A-Za-z:+-].</param>
/// <param name="Begins">The first moment in it.</param>
/// <param name="Ends">The first moment after it: the next window begins then.</param>
public readonly record struct CalendarWindow(string Name, DateTimeOffset Begins, DateTimeOffset Ends);

/// <summary>
/// From a period, a moment and a time zone to the window that is open. Windows tile time: each begins where the one before ends. Pure; for
/// the years 2 to 9998.
/// </summary>
/// <remarks>
/// A day begins at the first moment that a clock in the zone shows its date or a later one, and ends where the next one begins. So it
/// begins at 01:00 where the clock skips midnight, at the first of two midnights where it is set back over midnight, and a day that the
/// zone skips whole has no window. Weeks and months are made of days. An hour is what the clock shows as one full hour at one UTC offset:
/// when the clock is set back the repeated hour is a window of its own, and where it moves by half an hour, a window has half an hour.
/// </remarks>
public static class BudgetCalendar
{
    private static readonly DateTimeOffset Never = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private static readonly CalendarWindow Total = new("total", DateTimeOffset.MinValue, Never);

    /// <summary>The window of a period that is open at a moment.</summary>
    /// <param name="period">The length.</param>
    /// <param name="now">The moment; its offset has no meaning here.</param>
    /// <param name="zone">The zone whose calendar it is.</param>
    public static CalendarWindow At(BudgetPeriod period, DateTimeOffset now, DateTimeZone zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var moment = Instant.FromDateTimeOffset(now);
        switch (period)
        {
            case BudgetPeriod.Hour:
                return Hour(moment, zone);
            case BudgetPeriod.Day:
                var day = DayAt(moment, zone);
                return Days(
                    string.Create(CultureInfo.InvariantCulture, $"{day.Year:0000}-{day.Month:00}-{day.Day:00}"),
                    day,
                    day.PlusDays(1),
                    zone
                );
            case BudgetPeriod.Week:
                var within = DayAt(moment, zone);
                var monday = within.PlusDays(1 - (int)within.DayOfWeek);
                var weeks = WeekYearRules.Iso;
                return Days(
                    string.Create(CultureInfo.InvariantCulture, $"{weeks.GetWeekYear(monday):0000}-W{weeks.GetWeekOfWeekYear(monday):00}"),
                    monday,
                    monday.PlusDays(7),
                    zone
                );
            case BudgetPeriod.Month:
                var date = DayAt(moment, zone);
                var first = new LocalDate(date.Year, date.Month, 1);
                return Days(
                    string.Create(CultureInfo.InvariantCulture, $"{first.Year:0000}-{first.Month:00}"),
                    first,
                    first.PlusMonths(1),
                    zone
                );
            default:
                return Total;
        }
    }

    /// <summary>The zone of an IANA name; none is UTC.</summary>
    /// <param name="name">For example "Europe/Berlin".</param>
    /// <param name="zone">The zone; UTC where the name is unknown.</param>
    /// <returns>Whether there is such a zone.</returns>
    public static bool TryZone(string? name, out DateTimeZone zone) => TimeZones.TryFind(name, out zone);

    private static CalendarWindow Days(string name, LocalDate first, LocalDate next, DateTimeZone zone) =>
        new(name, Begin(first, zone).ToDateTimeOffset(), Begin(next, zone).ToDateTimeOffset());

    // This is not always the date that the clock shows. A clock that is set back over midnight shows yesterday's date for a while,
    // although yesterday is over.
    private static LocalDate DayAt(Instant moment, DateTimeZone zone)
    {
        var day = moment.InZone(zone).Date;
        while (Begin(day.PlusDays(1), zone) <= moment)
            day = day.PlusDays(1);
        return day;
    }

    private static Instant Begin(LocalDate day, DateTimeZone zone)
    {
        var midnight = zone.MapLocal(day.AtMidnight());
        return midnight.Count == 0 ? midnight.LateInterval.Start : midnight.First().ToInstant();
    }

    private static CalendarWindow Hour(Instant moment, DateTimeZone zone)
    {
        var interval = zone.GetZoneInterval(moment);
        var offset = interval.WallOffset;
        var local = moment.WithOffset(offset);
        var full = local.Date.At(new LocalTime(local.Hour, 0));
        var begins = full.WithOffset(offset).ToInstant();
        var ends = begins + Duration.FromHours(1);
        // Only a change of the offset cuts an hour. The database also begins a new interval where only the abbreviation changes.
        var at = interval;
        while (at.HasStart && at.Start > begins)
        {
            var before = zone.GetZoneInterval(at.Start - Duration.Epsilon);
            if (before.WallOffset != offset)
                begins = at.Start;
            at = before;
        }
        at = interval;
        while (at.HasEnd && at.End < ends)
        {
            var after = zone.GetZoneInterval(at.End);
            if (after.WallOffset != offset)
                ends = at.End;
            at = after;
        }
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{full.Year:0000}-{full.Month:00}-{full.Day:00}T{full.Hour:00}{Suffix(offset, zone)}"
        );
        return new CalendarWindow(name, begins.ToDateTimeOffset(), ends.ToDateTimeOffset());
    }

    // The offset is in the name of every hour of a zone other than UTC, and not only of the repeated hour. So a name says which hour it
    // is, and a later rule of the zone cannot rename it.
    private static string Suffix(Offset offset, DateTimeZone zone)
    {
        if (zone.MinOffset == Offset.Zero && zone.MaxOffset == Offset.Zero)
            return "";
        var span = offset.ToTimeSpan();
        return (span < TimeSpan.Zero ? "-" : "+")
            + span.ToString(span.Seconds == 0 ? "hh\\:mm" : "hh\\:mm\\:ss", CultureInfo.InvariantCulture);
    }
}
