using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>
/// The patterns of schemas, which are JavaScript's (JSON Schema 2020-12, 6.4), matched in a time that grows with the text and no
/// faster. What is known to mean the same in both languages is written in .NET's way; everything else is no pattern here. Safe for any
/// thread.
/// </summary>
internal static class SchemaPattern
{
    /// <summary>The longest pattern, characters.</summary>
    public const int Longest = 512;

    /// <summary>The longest text that is matched, characters.</summary>
    public const int LongestText = 64 * 1024;

    // Schemas have few of them. Beyond this many, each is read anew.
    private const int MostKept = 256;
    private const string Word = "a-zA-Z0-9_";
    private const string Space = @"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
    private const string Syntax = @"^$\.*+?()[]{}|/-";

    private static readonly ConcurrentDictionary<string, Regex?> Kept = new(StringComparer.Ordinal);

    // Time grows with the text, but a counted repeat can make each character dear.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether a text matches; null where that is not known.</summary>
    public static bool? Matches(string pattern, string text)
    {
        // JavaScript takes a pair of surrogates for one character, and .NET for two.
        if (text.Length > LongestText || text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') >= 0)
            return null;
        try
        {
            return Find(pattern)?.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    private static Regex? Find(string pattern)
    {
        if (pattern.Length > Longest)
            return null;
        if (Kept.TryGetValue(pattern, out var kept))
            return kept;
        var read = Read(pattern);
        if (Kept.Count < MostKept)
            Kept[pattern] = read;
        return read;
    }

    private static Regex? Read(string pattern)
    {
        if (Translate(pattern) is not { } translated)
            return null;
        try
        {
            return new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, LongestMatch);
        }
        catch (Exception exception) when (exception is RegexParseException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The same in .NET's language; null where that is not known.</summary>
    private static string? Translate(string pattern)
    {
        var to = new StringBuilder(pattern.Length + 16);
        var at = 0;
        while (at < pattern.Length)
        {
            var c = pattern[at];
            switch (c)
            {
                case '\\':
                    if (Escape(pattern, ref at, inClass: false) is not { } escaped)
                        return null;
                    to.Append(escaped);
                    continue;
                case '[':
                    if (!Class(pattern, ref at, to))
                        return null;
                    continue;
                case '$':
                    // .NET's own lets a line feed follow.
                    to.Append(@"\z");
                    break;
                case '.':
                    to.Append(@"[^\n\r\u2028\u2029]");
                    break;
                case '(' when at + 1 < pattern.Length && pattern[at + 1] == '?':
                    if (at + 2 >= pattern.Length || pattern[at + 2] != ':')
                        return null;
                    to.Append("(?:");
                    at += 3;
                    continue;
                case '{':
                    if (Quantifiers.Match(pattern, at) is not { Success: true } counted || counted.Index != at)
                        return null;
                    to.Append(counted.Value);
                    at += counted.Length;
                    continue;
                case ']' or '}' or '#':
                    to.Append('\\').Append(c);
                    break;
                default:
                    if (char.IsSurrogate(c))
                        return null;
                    to.Append(c);
                    break;
            }
            at++;
        }
        return to.ToString();
    }

    private static bool Class(string pattern, ref int at, StringBuilder to)
    {
        to.Append('[');
        at++;
        if (at < pattern.Length && pattern[at] == '^')
        {
            to.Append('^');
            at++;
        }
        var begins = at;
        // "[]" matches nothing in JavaScript, and is the begin of another class here.
        if (at >= pattern.Length || pattern[at] == ']')
            return false;
        while (at < pattern.Length)
        {
            var c = pattern[at];
            if (c == ']')
            {
                to.Append(']');
                at++;
                return true;
            }
            if (c == '\\')
            {
                var isSet = at + 1 < pattern.Length && pattern[at + 1] is 'd' or 'w' or 's' or 'p';
                var isBehind = at - 1 > begins && pattern[at - 1] == '-';
                if (Escape(pattern, ref at, inClass: true) is not { } escaped)
                    return false;
                // Beside a set a hyphen is an error in one of JavaScript's modes, and a letter like others in the other one.
                if (isSet && (isBehind || (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')))
                    return false;
                to.Append(escaped);
                continue;
            }
            if (char.IsSurrogate(c))
                return false;
            // Of "[a-[b]]" .NET would make a difference of two classes.
            to.Append(c == '[' ? @"\[" : c);
            at++;
        }
        return false;
    }

    private static string? Escape(string pattern, ref int at, bool inClass)
    {
        if (at + 1 >= pattern.Length)
            return null;
        var c = pattern[at + 1];
        at += 2;
        switch (c)
        {
            case 'd':
                return inClass ? "0-9" : "[0-9]";
            case 'w':
                return inClass ? Word : $"[{Word}]";
            case 's':
                return inClass ? Space : $"[{Space}]";
            case 'D' when !inClass:
                return "[^0-9]";
            case 'W' when !inClass:
                return $"[^{Word}]";
            case 'S' when !inClass:
                return $"[^{Space}]";
            case 't' or 'n' or 'r' or 'f' or 'v':
                return $"\\{c}";
            case 'x' when Hex(pattern, at, 2) is { } two:
                at += 2;
                return two;
            case 'u' when Hex(pattern, at, 4) is { } four:
                at += 4;
                return four;
            case 'p' when Categories.Match(pattern, at) is { Success: true } category && category.Index == at:
                at += category.Length;
                return "\\p" + category.Value;
            default:
                // Of itself alone: an escaped letter or digit that is not listed above may mean something.
                return Syntax.Contains(c, StringComparison.Ordinal) ? $"\\{c}" : null;
        }
    }

    private static string? Hex(string pattern, int at, int length)
    {
        if (
            at + length > pattern.Length
            || !int.TryParse(pattern.AsSpan(at, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || char.IsSurrogate((char)code)
        )
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"\\u{code:x4}");
    }

    private static readonly Regex Quantifiers = new(@"\G\{[0-9]{1,4}(,[0-9]{0,4})?\}", RegexOptions.CultureInvariant);

    // General categories are the same in both; scripts and other properties are not there in .NET.
    private static readonly Regex Categories = new(
        @"\G\{(L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|Me|N|Nd|Nl|No|P|Pc|Pd|Ps|Pe|Pi|Pf|Po|S|Sm|Sc|Sk|So|Z|Zs|Zl|Zp)\}",
        RegexOptions.CultureInvariant
    );
}
