using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Undoes what stands for single characters in the middle of a text: entities and tags of HTML, %XX of URLs, escapes of JSON and of
/// programs, quoted-printable.
/// </summary>
internal static class Escapes
{
    private const int LongestEntity = 12;
    private const int LongestTag = 2048;

    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["lt"] = "<",
        ["gt"] = ">",
        ["amp"] = "&",
        ["quot"] = "\"",
        ["apos"] = "'",
        ["nbsp"] = " ",
        ["shy"] = "",
        ["zwnj"] = "",
        ["zwj"] = "",
        ["ensp"] = " ",
        ["emsp"] = " ",
        ["thinsp"] = " ",
        ["lpar"] = "(",
        ["rpar"] = ")",
        ["colon"] = ":",
        ["sol"] = "/",
        ["period"] = ".",
        ["comma"] = ",",
        ["num"] = "#",
        ["excl"] = "!",
        ["lsqb"] = "[",
        ["rsqb"] = "]",
        ["tab"] = "\t",
        ["newline"] = "\n",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Inline = FrozenSet.ToFrozenSet(
        ["b", "i", "u", "s", "em", "strong", "span", "font", "a", "wbr", "small", "big", "mark", "sub", "sup", "code", "tt", "ins", "del"],
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>The text without them; null where there are none.</summary>
    public static Layer? Undo(Layer layer)
    {
        var text = layer.Text;
        if (text.AsSpan().IndexOfAny("&%\\<=") < 0)
            return null;
        var undone = new Out(text.Length);
        var isQuoted =
            text.Contains("=\n", StringComparison.Ordinal) || text.Contains("=\r\n", StringComparison.Ordinal) || HasQuoted(text);
        var (at, changes, close) = (0, 0, -1);
        while (at < text.Length)
        {
            var length = text[at] switch
            {
                '&' => Entity(text, at, undone),
                '%' => Bytes(text, at, '%', undone),
                '=' when isQuoted => text.AsSpan(at).StartsWith("=\r\n") ? 3
                : text.AsSpan(at).StartsWith("=\n") ? 2
                : Bytes(text, at, '=', undone),
                '\\' => Escape(text, at, undone),
                '<' => Tag(text, at, undone, ref close),
                _ => 0,
            };
            if (length == 0)
            {
                undone.Add(text[at], at);
                at++;
            }
            else
            {
                changes++;
                at += length;
            }
        }
        return changes == 0 ? null : layer.Changed("escapes", undone.Text, undone.Origins);
    }

    // Three bytes in a row, of which the first is no letter or digit that would stand for itself.
    private static bool HasQuoted(string text)
    {
        var count = 0;
        for (var at = text.IndexOf('=', StringComparison.Ordinal); at >= 0 && count < 3; at = text.IndexOf('=', at + 1))
            count += at + 2 < text.Length && char.IsAsciiHexDigitUpper(text[at + 1]) && char.IsAsciiHexDigitUpper(text[at + 2]) ? 1 : 0;
        return count >= 3;
    }

    private static int Entity(string text, int at, Out undone)
    {
        var end = text.IndexOf(';', at, Math.Min(LongestEntity, text.Length - at));
        var isNumber = at + 2 < text.Length && text[at + 1] == '#';
        if (end < 0 && isNumber)
        {
            end = at + 2;
            while (end < text.Length && end < at + LongestEntity && (char.IsAsciiHexDigit(text[end]) || text[end] is 'x' or 'X'))
                end++;
            end--;
        }
        if (end < 0)
            return 0;
        var name = text.AsSpan(at + 1, end - at - (text[end] == ';' ? 1 : 0));
        if (isNumber)
        {
            var isHex = name.Length > 1 && name[1] is 'x' or 'X';
            var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            if (!int.TryParse(name[(isHex ? 2 : 1)..], style, CultureInfo.InvariantCulture, out var point) || !Rune.IsValid(point))
                return 0;
            undone.Add(new Rune(point).ToString(), at);
        }
        else if (Names.TryGetValue(name.ToString(), out var named))
        {
            undone.Add(named, at);
        }
        else
        {
            return 0;
        }
        return end + 1 - at;
    }

    /// <summary>A row of bytes in hexadecimal digits, each behind a sign, is UTF-8.</summary>
    private static int Bytes(string text, int at, char sign, Out undone)
    {
        var bytes = new List<byte>();
        var end = at;
        while (end + 2 < text.Length && text[end] == sign && char.IsAsciiHexDigit(text[end + 1]) && char.IsAsciiHexDigit(text[end + 2]))
        {
            bytes.Add(byte.Parse(text.AsSpan(end + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
            end += 3;
        }
        if (bytes.Count == 0)
            return 0;
        undone.Add(Encoding.UTF8.GetString([.. bytes]), at);
        return end - at;
    }

    private static int Escape(string text, int at, Out undone)
    {
        if (at + 1 >= text.Length)
            return 0;
        var kind = text[at + 1];
        if (kind is 'n' or 'r' or 't')
        {
            undone.Add(kind == 't' ? '\t' : '\n', at);
            return 2;
        }
        if (kind is '"' or '/' or '\\' or '\'')
        {
            undone.Add(kind, at);
            return 2;
        }
        var digits = kind switch
        {
            'u' => 4,
            'x' => 2,
            'U' => 8,
            _ => 0,
        };
        var start = at + 2;
        var isOpen = kind == 'u' && start < text.Length && text[start] == '{';
        if (isOpen)
        {
            start++;
            digits = Math.Max(0, text.IndexOf('}', start, Math.Min(8, text.Length - start)) - start);
        }
        if (
            digits == 0
            || start + digits > text.Length
            || !int.TryParse(text.AsSpan(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
        )
            return 0;
        if (point is >= 0 and <= char.MaxValue)
            undone.Add((char)point, at);
        else if (Rune.IsValid(point))
            undone.Add(new Rune(point).ToString(), at);
        else
            return 0;
        return start + digits + (isOpen ? 1 : 0) - at;
    }

    private static int Tag(string text, int at, Out undone, ref int close)
    {
        if (string.CompareOrdinal(text, at, "<!--", 0, 4) == 0)
        {
            var last = text.IndexOf("-->", at + 4, Math.Min(LongestTag, text.Length - at - 4), StringComparison.Ordinal);
            return last < 0 ? 0 : last + 3 - at;
        }
        if (at + 1 >= text.Length || !(char.IsAsciiLetter(text[at + 1]) || text[at + 1] == '/'))
            return 0;
        if (close < at)
            close = text.IndexOf('>', at) is >= 0 and var next ? next : text.Length;
        var end = close;
        if (end == text.Length || end - at > LongestTag)
            return 0;
        var name = text.AsSpan(at + (text[at + 1] == '/' ? 2 : 1));
        var length = name.IndexOfAnyExceptInRange('a', 'z');
        if (!Inline.Contains(name[..Math.Max(0, length)].ToString()))
            undone.Add(' ', at);
        return end + 1 - at;
    }

    /// <summary>A text that is being made, and where its characters come from.</summary>
    private sealed class Out(int capacity)
    {
        private readonly StringBuilder text = new(capacity);
        private readonly List<int> origins = new(capacity);

        public string Text => text.ToString();

        public int[] Origins => [.. origins];

        public void Add(char c, int from)
        {
            text.Append(c);
            origins.Add(from);
        }

        public void Add(string many, int from)
        {
            foreach (var c in many)
                Add(c, from);
        }
    }
}
