using System.Globalization;
using AgentReadiness.Contracts;
using AgentReadiness.Readiness;

namespace AgentReadiness.Api.Rules;

/// <summary>Values that a spec holds as text: amounts of money, durations and scores.</summary>
internal static class FieldValues
{
    /// <summary>Adds a finding where a text is no amount of money. Empty is allowed: the field is not set.</summary>
    public static void Amount(string? text, Check check, string field, FindingList findings)
    {
        if (!string.IsNullOrEmpty(text) && !Money.TryParse(text, out _))
            findings.Add(
                check,
                field,
                $"\"{text}\" must be an amount of US dollars as a decimal string, not negative, for example \"50\" or \"0.10\""
            );
    }

    /// <summary>Reads a duration and adds a finding where the text is none.</summary>
    /// <returns>The duration; null where the field is not set or is no duration.</returns>
    public static TimeSpan? Duration(string? text, Check check, string field, FindingList findings)
    {
        if (text is null)
            return null;
        if (GoDuration.TryParse(text, out var duration))
            return duration;
        findings.Add(check, field, $"\"{text}\" must be a duration such as \"30s\" or \"1m30s\"");
        return null;
    }

    /// <summary>Reads a decimal string such as "0.90"; a sign, an exponent or a leading point are refused.</summary>
    public static bool Score(string? text, out decimal value) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value) && char.IsAsciiDigit(text![0]);
}
