namespace AgentReadiness.Guardrail.Formats;

/// <summary>What may stand in a path. Pure; works on paths as they were sent.</summary>
internal static class PathSegments
{
    private const int LongestName = 256;

    // A path that is decoded more often than this by an upstream is not one that we know how to judge.
    private const int MostDecodings = 8;

    /// <summary>
    /// Whether a segment is a plain name, such as a model's or an answer's: ASCII letters, digits and "-", "_", ".", ":", "@", "~"; of
    /// percent escapes those of such characters, of a slash, a space, a comma and a plus. What it decodes to has no empty and no dot
    /// segment.
    /// </summary>
    public static bool IsName(ReadOnlySpan<char> segment)
    {
        if (segment.Length is 0 or > LongestName)
            return false;
        Span<char> decoded = stackalloc char[segment.Length];
        var length = 0;
        for (var i = 0; i < segment.Length; i++)
        {
            var letter = segment[i];
            if (letter == '%')
            {
                if (i + 2 >= segment.Length || !TryHex(segment[i + 1], segment[i + 2], out letter))
                    return false;
                i += 2;
                if (!IsNameLetter(letter) && letter is not ('/' or ' ' or ',' or '+'))
                    return false;
            }
            else if (!IsNameLetter(letter))
            {
                return false;
            }
            decoded[length++] = letter;
        }
        foreach (var part in decoded[..length].Split('/'))
        {
            if (decoded[part] is "" or "." or "..")
                return false;
        }
        return true;
    }

    /// <summary>Whether a segment is a version: "v", digits, and then lower-case letters or digits, for example "v1" or "v1beta".</summary>
    public static bool IsVersion(ReadOnlySpan<char> segment)
    {
        if (segment.Length is < 2 or > 32 || segment[0] != 'v' || !char.IsAsciiDigit(segment[1]))
            return false;
        foreach (var letter in segment)
        {
            if (!char.IsAsciiDigit(letter) && !char.IsAsciiLetterLower(letter))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Whether dot segments lead out of the path's base, however often an upstream decodes it and whether or not it takes a backslash for a
    /// slash.
    /// </summary>
    public static bool LeavesBase(string path)
    {
        for (var decodings = 0; decodings <= MostDecodings; decodings++)
        {
            if (Leaves(path))
                return true;
            if (!path.Contains('%', StringComparison.Ordinal))
                return false;
            var next = Uri.UnescapeDataString(path);
            if (next == path)
                return false;
            path = next;
        }
        return true;
    }

    private static bool Leaves(ReadOnlySpan<char> path)
    {
        var depth = 0;
        foreach (var range in path.SplitAny('/', '\\'))
        {
            var segment = path[range];
            // Some servers cut parameters off before they look at dots (RFC 3986, 3.3).
            var semicolon = segment.IndexOf(';');
            if (semicolon >= 0)
                segment = segment[..semicolon];
            if (segment is "..")
                depth--;
            else if (segment is not ("" or "."))
                depth++;
            if (depth < 0)
                return true;
        }
        return false;
    }

    private static bool IsNameLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ':' or '@' or '~';

    private static bool TryHex(char high, char low, out char letter)
    {
        letter = default;
        if (!char.IsAsciiHexDigit(high) || !char.IsAsciiHexDigit(low))
            return false;
        letter = (char)((Digit(high) << 4) | Digit(low));
        return true;
    }

    private static int Digit(char hex) => char.IsAsciiDigit(hex) ? hex - '0' : (hex | 0x20) - 'a' + 10;
}
