using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace AgentReadiness.Contracts;

/// <summary>
/// Durations as Kubernetes users write them ("1m30s", "15m", "500ms"): Go's time.ParseDuration without sign, at most one year.
/// </summary>
public static class GoDuration
{
    /// <summary>The pattern of a duration field in the custom resources.</summary>
    public const string Pattern = @"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";

    private static readonly (string Unit, decimal Milliseconds)[] Units = [("ms", 1m), ("s", 1000m), ("m", 60_000m), ("h", 3_600_000m)];

    /// <summary>Reads a duration. False for an empty text, a sign, an unknown unit, or more than 8,760 hours.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TimeSpan duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text) || text.Length > 40)
            return false;
        var rest = text.AsSpan();
        var total = 0m;
        while (!rest.IsEmpty)
        {
            var digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.'))
                digits++;
            if (
                digits == 0
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            )
                return false;
            rest = rest[digits..];
            var letters = 0;
            while (letters < rest.Length && char.IsAsciiLetter(rest[letters]))
                letters++;
            var unit = 0m;
            foreach (var (name, milliseconds) in Units)
            {
                if (rest[..letters].SequenceEqual(name))
                    unit = milliseconds;
            }
            if (unit == 0m || number > 31_536_000_000m)
                return false;
            total += number * unit;
            if (total > 31_536_000_000m)
                return false;
            rest = rest[letters..];
        }
        duration = TimeSpan.FromTicks((long)(total * TimeSpan.TicksPerMillisecond));
        return true;
    }

    /// <summary>Reads a duration.</summary>
    /// <exception cref="FormatException">The text is not a duration; the message names it.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration)
            ? duration
            : throw new FormatException($"\"{text}\" is not a duration: write for example \"30s\" or \"1m30s\"");

    /// <summary>Writes a duration the way Go does, to the millisecond: "1h0m5s" becomes "1h5s" here, which Go reads as the same.</summary>
    public static string Format(TimeSpan duration)
    {
        var text = new StringBuilder();
        void Part(long value, string unit)
        {
            if (value > 0)
                text.Append(CultureInfo.InvariantCulture, $"{value}{unit}");
        }
        Part((long)duration.TotalHours, "h");
        Part(duration.Minutes, "m");
        Part(duration.Seconds, "s");
        Part(duration.Milliseconds, "ms");
        return text.Length == 0 ? "0s" : text.ToString();
    }
}
