namespace AgentReadiness.Guardrail.Screening;

/// <summary>Undoes encodings of whole texts: base64 in both alphabets and over several lines, base32, and rows of numbers.</summary>
internal static class Codes
{
    private const int LeastLetters = 20;
    private const int LeastBytes = 10;
    private const int MostTries = 8;
    private const int LongestLine = 40;
    private const int MostBytes = 256 * 1024;

    /// <summary>The texts that stand encoded in a text.</summary>
    public static IEnumerable<Layer> Undo(Layer layer)
    {
        var text = layer.Text;
        // A row is tried from the beginnings of its first words; after that it is no encoded text.
        var (at, rowEnd, tries) = (0, 0, 0);
        while (at < text.Length)
        {
            if (!char.IsAsciiLetterOrDigit(text[at]))
            {
                at++;
                continue;
            }
            if (at >= rowEnd)
                (rowEnd, tries) = (Row(text, at), 0);
            if (rowEnd - at >= LeastLetters && ++tries <= MostTries && OfRow(layer, at, rowEnd) is { } found)
            {
                yield return found.Layer;
                at = rowEnd = found.End;
                continue;
            }
            if (Numbers.MayBegin(text, at))
            {
                var spelt = Numbers.Read(text, at, out var last);
                if (spelt is not null)
                    yield return layer.Part("numbers", spelt, at, last);
                if (last > at)
                {
                    at = last;
                    continue;
                }
            }
            at = WordEnd(text, at);
        }
    }

    private static (Layer Layer, int End)? OfRow(Layer layer, int at, int end)
    {
        var text = layer.Text;
        // What follows on the next line may be no part of it any more.
        var first = FirstLine(text, at);
        if (Base64(text.AsSpan(at, end - at)) is { } plain)
            return (layer.Part("base64", plain, at, end), end);
        if (first < end && first - at >= LeastLetters && Base64(text.AsSpan(at, first - at)) is { } line)
            return (layer.Part("base64", line, at, first), first);
        return Base32(text.AsSpan(at, first - at)) is { } other ? (layer.Part("base32", other, at, first), first) : null;
    }

    private static int WordEnd(string text, int at)
    {
        while (at < text.Length && char.IsAsciiLetterOrDigit(text[at]))
            at++;
        return at;
    }

    private static int FirstLine(string text, int at)
    {
        while (at < text.Length && IsBase64(text[at]))
            at++;
        while (at < text.Length && text[at] == '=')
            at++;
        return at;
    }

    /// <summary>The end of a row of letters of base64, over its lines.</summary>
    private static int Row(string text, int at)
    {
        var line = at;
        while (at < text.Length)
        {
            if (IsBase64(text[at]))
            {
                at++;
                continue;
            }
            var next = at;
            while (next < text.Length && text[next] is '\r' or '\n' or ' ' or '\t' && next - at < 8)
                next++;
            if (next == at || at - line < LongestLine || next >= text.Length || !IsBase64(text[next]))
                break;
            at = line = next;
        }
        while (at < text.Length && text[at] == '=')
            at++;
        return at;
    }

    private static bool IsBase64(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '-' or '_';

    private static string? Base64(ReadOnlySpan<char> row)
    {
        // Something may stand before it that is made of the same letters.
        for (var skip = 0; skip < 4; skip++)
        {
            var bytes = Decode(row[skip..], 36);
            if (bytes.Length < 15 || !LooksWritten(bytes))
                continue;
            if (Undoing.TextOf(Decode(row[skip..], MostBytes)) is { } text)
                return text;
        }
        return null;
    }

    private static byte[] Decode(ReadOnlySpan<char> row, int most)
    {
        var bytes = new byte[Math.Min(most, row.Length * 3 / 4)];
        var (length, bits, held) = (0, 0, 0);
        foreach (var c in row)
        {
            var value = c switch
            {
                >= 'A' and <= 'Z' => c - 'A',
                >= 'a' and <= 'z' => c - 'a' + 26,
                >= '0' and <= '9' => c - '0' + 52,
                '+' or '-' => 62,
                '/' or '_' => 63,
                _ => -1,
            };
            if (value < 0)
                continue;
            (bits, held) = (bits << 6 | value, held + 6);
            if (held < 8)
                continue;
            held -= 8;
            if (length == bytes.Length)
                break;
            bytes[length++] = (byte)(bits >> held);
            bits &= (1 << held) - 1;
        }
        return bytes[..length];
    }

    // The beginning of a text in any script: no control characters, and what is not ASCII is well-formed but for its end.
    private static bool LooksWritten(ReadOnlySpan<byte> bytes)
    {
        var isWide = bytes.Length > 6 && bytes[1] == 0 && bytes[3] == 0 && bytes[5] == 0;
        if (isWide)
            return true;
        foreach (var b in bytes)
        {
            if (b < 0x20 && b is not (0x09 or 0x0a or 0x0d) || b is 0x7f or >= 0xf8)
                return false;
        }
        var whole = bytes.Length;
        while (whole > 0 && bytes.Length - whole < 4 && bytes[whole - 1] >= 0x80)
            whole--;
        return System.Text.Unicode.Utf8.IsValid(bytes[..whole]) || System.Text.Unicode.Utf8.IsValid(bytes);
    }

    private static string? Base32(ReadOnlySpan<char> row)
    {
        var bytes = new List<byte>();
        var (bits, held) = (0, 0);
        foreach (var c in row)
        {
            var value =
                c is >= 'A' and <= 'Z' ? c - 'A'
                : c is >= '2' and <= '7' ? c - '2' + 26
                : -1;
            if (value < 0 && c == '=')
                break;
            if (value < 0 || bytes.Count > MostBytes)
                return null;
            (bits, held) = (bits << 5 | value, held + 5);
            if (held < 8)
                continue;
            held -= 8;
            bytes.Add((byte)(bits >> held));
            bits &= (1 << held) - 1;
        }
        return bytes.Count >= LeastBytes ? Undoing.TextOf([.. bytes]) : null;
    }
}
