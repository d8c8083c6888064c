using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentReadiness.Cli.Validation;

/// <summary>
/// Regular expressions of a schema, which are RE2's: "$" is the end of the text and not of a last line, and \s, \d and \w know ASCII only.
/// </summary>
internal static class SchemaPattern
{
    private static readonly ConcurrentDictionary<string, Regex?> Known = new(StringComparer.Ordinal);

    /// <summary>Whether a text matches; null where the expression has something that cannot be translated.</summary>
    public static bool? Matches(string pattern, string text) => Known.GetOrAdd(pattern, Compile) is { } regex ? regex.IsMatch(text) : null;

    /// <summary>The same expression for .NET; null where it has something that is not known to mean the same.</summary>
    public static string? Translate(string pattern)
    {
        var text = new StringBuilder();
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var next = pattern[i];
            switch (next)
            {
                case '\\' when i + 1 < pattern.Length:
                    if (Escaped(pattern[++i], inClass) is not { } escaped)
                        return null;
                    text.Append(escaped);
                    continue;
                case '\\':
                    return null;
                case '[' when inClass:
                    // "[:alpha:]" in a class.
                    return null;
                case '[':
                    inClass = true;
                    text.Append(next);
                    if (pattern.AsSpan(i + 1).StartsWith("^"))
                        text.Append(pattern[++i]);
                    // A bracket that stands first is a member of the class.
                    if (pattern.AsSpan(i + 1).StartsWith("]"))
                        return null;
                    continue;
                case ']':
                    inClass = false;
                    break;
                case '$' when !inClass:
                    text.Append(@"\z");
                    continue;
                // Groups with flags, names or look-around.
                case '(' when !inClass && pattern.AsSpan(i + 1).StartsWith("?"):
                    return null;
            }
            text.Append(next);
        }
        return inClass ? null : text.ToString();
    }

    private static string? Escaped(char next, bool inClass) =>
        next switch
        {
            's' => inClass ? @"\t\n\f\r " : @"[\t\n\f\r ]",
            'S' => inClass ? null : @"[^\t\n\f\r ]",
            'd' => inClass ? "0-9" : "[0-9]",
            'w' => inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]",
            't' or 'n' or 'f' or 'r' => $"\\{next}",
            'z' when !inClass => @"\z",
            _ => char.IsAsciiLetterOrDigit(next) || next > '~' ? null : $"\\{next}",
        };

    private static Regex? Compile(string pattern) =>
        Translate(pattern) is { } translated
            ? new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, TimeSpan.FromSeconds(5))
            : null;
}
