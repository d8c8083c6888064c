using System.Text.RegularExpressions;

namespace AgentReadiness.Contracts;

/// <summary>
/// Regular expressions that a spec declares. They are matched in a time that grows with the text and no faster, so none of them can hold
/// a call up: look-around, back references and atomic groups do not exist here. Pure.
/// </summary>
public static class BoundedPattern
{
    /// <summary>The longest expression, characters.</summary>
    public const int Longest = 256;

    /// <summary>Reads an expression; null where it cannot be used.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="why">Why not; null where it can.</param>
    public static Regex? TryCreate(string text, out string? why)
    {
        why =
            text.Length == 0 ? "is empty and would match everything"
            : text.Length > Longest ? $"is longer than {Longest} characters"
            : null;
        if (why is not null)
            return null;
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (RegexParseException exception)
        {
            why = $"is no regular expression: {exception.Message}";
        }
        catch (NotSupportedException)
        {
            why = "uses what would not end in bounded time: look-around, back references, atomic groups or large repeat counts";
        }
        return null;
    }
}
