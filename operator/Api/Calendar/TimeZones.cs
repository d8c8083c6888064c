using NodaTime;
using NodaTime.TimeZones;

namespace AgentReadiness.Api.Calendar;

/// <summary>
/// Time zones by their IANA names. The database is NodaTime's own, inside of its assembly: no file of the machine or the image is read.
/// </summary>
public static class TimeZones
{
    /// <summary>What a name looks like. Whether a zone has it is another question: <see cref="TryFind" />.</summary>
    public const string Pattern = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$";

    /// <summary>The longest name that is accepted.</summary>
    public const int MaxLength = 64;

    private static readonly TzdbDateTimeZoneSource Database = TzdbDateTimeZoneSource.Default;

    private static readonly DateTimeZoneCache Zones = new(Database);

    /// <summary>The database's version, for example "2026f".</summary>
    public static string DatabaseVersion => Database.TzdbVersion;

    /// <summary>Every name in the database, older names for the same zone included.</summary>
    public static IEnumerable<string> Names => Database.CanonicalIdMap.Keys;

    /// <summary>
    /// Finds the zone of a name. Names are case-sensitive. Abbreviations and offsets such as "CEST" and "UTC+2" are not IANA names and
    /// are not found.
    /// </summary>
    /// <param name="name">The name; no name means UTC.</param>
    /// <param name="zone">The zone; UTC where the name is unknown.</param>
    public static bool TryFind(string? name, out DateTimeZone zone)
    {
        zone = DateTimeZone.Utc;
        if (string.IsNullOrEmpty(name))
            return true;
        // NodaTime also accepts "UTC+02:00", which no other tool accepts as the name of a zone.
        if (!Database.CanonicalIdMap.ContainsKey(name))
            return false;
        zone = Zones[name];
        return true;
    }
}
