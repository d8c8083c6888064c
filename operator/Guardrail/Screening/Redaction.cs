namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Quotes a text for a log: short, in one line, and without what looks like a key, a password's place or a person's address. The shapes are
/// a closed list. Pure.
/// </summary>
internal static class Redaction
{
    /// <summary>The longest quotation, characters.</summary>
    public const int Longest = 120;

    private const string Gone = "[redacted]";
    private const int LeastSecret = 12;

    private static readonly string[] Keys =
    [
        "sk-",
        "sk_",
        "pk_",
        "rk_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "xapp-",
        "AKIA",
        "ASIA",
        "AIza",
        "ya29.",
        "npm_",
        "hf_",
        "eyJ",
        "-----BEGIN",
        "SG.",
        "dop_v1_",
        "shpat_",
    ];

    /// <summary>Quotes a part of a text.</summary>
    public static string Quote(string text, int start, int length)
    {
        var from = Math.Clamp(start, 0, text.Length);
        var part = text.Substring(from, Math.Clamp(length, 0, Math.Min(text.Length - from, 4 * Longest)));
        var quoted = new System.Text.StringBuilder(part.Length);
        // The word before says that a secret follows; a sign may stand between the two.
        var (follows, isName) = (false, false);
        foreach (var word in part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (quoted.Length > 0)
                quoted.Append(' ');
            var isSign = word is ":" or "=";
            quoted.Append(follows && !isSign || IsSecret(word) ? Gone : Seen(word));
            var bare = word.AsSpan().TrimEnd(":=");
            follows = isSign ? isName || follows : IsScheme(bare) || (bare.Length < word.Length && IsName(bare));
            isName = !isSign && IsName(bare);
            if (quoted.Length > Longest)
                break;
        }
        var digits = Digits(quoted.ToString());
        return digits.Length <= Longest ? digits : digits[..(Longest - 1)] + "…";
    }

    private static bool IsSecret(string word)
    {
        foreach (var key in Keys)
        {
            if (word.Contains(key, StringComparison.Ordinal) && word.Length >= LeastSecret)
                return true;
        }
        var at = word.IndexOf('@', StringComparison.Ordinal);
        if (at > 0 && word.IndexOf('.', at) > at + 1)
            return true;
        // A name and a password in a URL.
        if (at > 0 && word.Contains("://", StringComparison.Ordinal))
            return true;
        // A value behind a name that says what it is, and a long row of letters and digits without a vowel's rhythm.
        return word.IndexOfAny([':', '=']) is > 0 and var sign
                && word.Length - sign > 1
                && !word.AsSpan(sign + 1).StartsWith("//")
                && IsName(word.AsSpan(0, sign))
            || IsRandom(word);
    }

    private static bool IsScheme(ReadOnlySpan<char> word) =>
        word.EndsWith("Bearer", StringComparison.OrdinalIgnoreCase) || word.EndsWith("Basic", StringComparison.OrdinalIgnoreCase);

    private static bool IsName(ReadOnlySpan<char> name) =>
        name.EndsWith("password", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("passwd", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("pass", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("pwd", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("authorization", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("token", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("secret", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("key", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith("pin", StringComparison.OrdinalIgnoreCase);

    private static bool IsRandom(string word)
    {
        if (word.Length < 24)
            return false;
        var (digits, upper, lower) = (0, 0, 0);
        foreach (var c in word)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
            upper += char.IsAsciiLetterUpper(c) ? 1 : 0;
            lower += char.IsAsciiLetterLower(c) ? 1 : 0;
        }
        return digits >= 4 && upper + lower >= 8 && digits + upper + lower > word.Length * 3 / 4;
    }

    // Nobody sees these in a log either, and some change how a line is shown.
    private static string Seen(string word) =>
        string.Concat(word.Where(c => !Folding.IsUnseen(c) && !char.IsControl(c) && !char.IsSurrogate(c)));

    /// <summary>Numbers of cards: 13 to 19 digits, with spaces or hyphens, whose last one is right (Luhn).</summary>
    private static string Digits(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
                continue;
            var (end, count, sum) = (i, 0, 0);
            var digits = new List<int>();
            while (
                end < text.Length
                && (char.IsAsciiDigit(text[end]) || (text[end] is ' ' or '-' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1])))
            )
            {
                if (char.IsAsciiDigit(text[end]))
                    digits.Add(text[end] - '0');
                end++;
            }
            for (var d = digits.Count - 1; d >= 0; d--, count++)
            {
                var value = count % 2 == 1 ? digits[d] * 2 : digits[d];
                sum += value > 9 ? value - 9 : value;
            }
            if (count is >= 13 and <= 19 && sum % 10 == 0)
                return Digits(text[..i] + Gone + text[end..]);
            i = end;
        }
        return text;
    }
}
