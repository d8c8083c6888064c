using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentReadiness.Cli.Validation;

/// <summary>The format date-time as an API server checks it (go-openapi/strfmt).</summary>
internal static partial class DateTimeFormat
{
    /// <summary>Whether a text has the format.</summary>
    public static bool IsValid(string text)
    {
        var parts = text.ToLowerInvariant().Split('t');
        return parts.Length >= 2
            && DateTime.TryParseExact(parts[0], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            && Time().Match(parts[1]) is { Success: true } time
            && string.CompareOrdinal(time.Groups[1].Value, "23") <= 0
            && string.CompareOrdinal(time.Groups[2].Value, "59") <= 0
            && string.CompareOrdinal(time.Groups[3].Value, "59") <= 0;
    }

    [GeneratedRegex(@"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}
