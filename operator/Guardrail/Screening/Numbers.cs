using System.Globalization;
using System.Text;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>Texts that are spelt in numbers: bytes in hexadecimal or binary digits, and characters in decimal ones.</summary>
internal static class Numbers
{
    private const int Least = 10;
    private const int Most = 256 * 1024;

    /// <summary>Whether numbers may begin at a place. False is certain.</summary>
    public static bool MayBegin(string text, int at)
    {
        for (var i = at; i < at + 5; i++)
        {
            if (
                i >= text.Length
                || !(char.IsAsciiHexDigit(text[i]) || text[i] is ' ' or ':' or ',' or '-' or ';' or '\n' or 'x' or 'X' or '\\')
            )
                return false;
        }
        return true;
    }

    /// <summary>The text that is spelt from a place on; null where none is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="at">The place.</param>
    /// <param name="end">
    /// Up to where numbers were read that are too many to be looked at again; the place itself where there are few.
    /// </param>
    public static string? Read(string text, int at, out int end)
    {
        if (Bytes(text, at, 8, 2, out end) is { } binary)
            return binary;
        if (Bytes(text, at, 2, 16, out var last) is { } hexadecimal)
        {
            end = last;
            return hexadecimal;
        }
        if (Points(text, at, out var behind) is { } points)
        {
            end = behind;
            return points;
        }
        end = Math.Max(end, last);
        return null;
    }

    private static string? Bytes(string text, int at, int digits, int radix, out int end)
    {
        var bytes = new List<byte>();
        end = at;
        while (bytes.Count < Most)
        {
            var start = end;
            if (bytes.Count > 0 && start < text.Length && text[start] is ' ' or ':' or ',' or '-' or '\n')
                start++;
            while (start < text.Length && text[start] is ' ' && bytes.Count > 0)
                start++;
            if (radix == 16 && start + 1 < text.Length && text[start] is '0' or '\\' && text[start + 1] is 'x' or 'X')
                start += 2;
            if (start + digits > text.Length || !TryByte(text.AsSpan(start, digits), radix, out var value))
                break;
            bytes.Add(value);
            end = start + digits;
        }
        // A word that goes on behind its last pair of digits is none of them.
        if (bytes.Count < Least || (end < text.Length && char.IsAsciiLetter(text[end]) && text[end - 1] != ' '))
        {
            end = bytes.Count < Least ? at : end;
            return null;
        }
        return Undoing.TextOf([.. bytes]);
    }

    private static bool TryByte(ReadOnlySpan<char> digits, int radix, out byte value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit) || (radix == 2 && digit is not ('0' or '1')))
                return false;
            value = (byte)(value * radix + (char.IsAsciiDigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10));
        }
        return true;
    }

    private static string? Points(string text, int at, out int end)
    {
        var spelt = new StringBuilder();
        end = at;
        while (spelt.Length < Most)
        {
            var start = end;
            while (spelt.Length > 0 && start < text.Length && text[start] is ' ' or ',' or ';' && start - end < 3)
                start++;
            var last = start;
            while (last < text.Length && last - start < 7 && char.IsAsciiDigit(text[last]))
                last++;
            if (
                (spelt.Length > 0 && start == end)
                || last - start < 2
                || !int.TryParse(text.AsSpan(start, last - start), NumberStyles.None, CultureInfo.InvariantCulture, out var point)
                || point < 32
                || !Rune.IsValid(point)
            )
                break;
            spelt.Append(new Rune(point).ToString());
            end = last;
        }
        return spelt.Length >= Least ? spelt.ToString() : null;
    }
}
