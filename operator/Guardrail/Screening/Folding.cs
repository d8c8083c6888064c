using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Reads each character as what it means to a reader: without case, width and accents, and whatever font it imitates. The program runs
/// without the libraries of Unicode, so that what they would do is a table (folding.txt). Immutable.
/// </summary>
internal sealed class Folding
{
    private readonly char[]?[] pages = new char[]?[256];
    private readonly FrozenDictionary<int, string> texts;
    private readonly FrozenDictionary<char, char> lookalikes;

    private Folding(Dictionary<int, string> texts, Dictionary<char, char> lookalikes)
    {
        this.texts = texts.ToFrozenDictionary();
        this.lookalikes = lookalikes.ToFrozenDictionary();
    }

    /// <summary>Reads the table.</summary>
    public static Folding Load(Stream table)
    {
        var texts = new Dictionary<int, string>();
        var lookalikes = new Dictionary<char, char>();
        var single = new List<(int From, char To)>();
        using var reader = new StreamReader(table, Encoding.UTF8);
        var isLookalike = false;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            if (line == "lookalikes")
            {
                isLookalike = true;
                continue;
            }
            var parts = line.Split(' ');
            foreach (var part in parts.AsSpan(1))
            {
                var point = int.Parse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                if (isLookalike)
                    lookalikes[(char)point] = parts[0][0];
                else if (point <= char.MaxValue && parts[0].Length == 1)
                    single.Add((point, parts[0][0]));
                else
                    texts[point] = parts[0];
            }
        }
        var folding = new Folding(texts, lookalikes);
        foreach (var (from, to) in single)
            (folding.pages[from >> 8] ??= new char[256])[from & 0xff] = to;
        return folding;
    }

    /// <summary>The one character that a character is read as; itself where the table says nothing.</summary>
    public char Fold(char c)
    {
        if (c < 0x80)
            return c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
        return pages[c >> 8] is { } page && page[c & 0xff] is not '\0' and var to ? to : c;
    }

    /// <summary>The text that a character is read as where that is more than one character, or it is beyond the first plane.</summary>
    public string? Text(int point) => texts.GetValueOrDefault(point);

    /// <summary>The Latin letter that a letter of another script looks like; the letter itself where it is none.</summary>
    public char Latin(char folded) => folded < 0x80 ? folded : lookalikes.GetValueOrDefault(folded, folded);

    /// <summary>A whole text as it is read.</summary>
    public string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (IsUnseen(text[i]))
                continue;
            if (Text(text[i]) is { } many)
                folded.Append(many);
            else
                folded.Append(Fold(text[i]));
        }
        return folded.ToString();
    }

    /// <summary>Whether nobody sees a character: marks on a letter, joiners, directions, selectors.</summary>
    public static bool IsUnseen(char c) =>
        c >= 0xad
            && char.GetUnicodeCategory(c)
                is UnicodeCategory.Format
                    or UnicodeCategory.NonSpacingMark
                    or UnicodeCategory.EnclosingMark
                    or UnicodeCategory.Control
        || c is >= (char)0x115f and <= (char)0x1160 or (char)0x3164 or (char)0xffa0;

    /// <summary>Whether words of a script stand without spaces between them.</summary>
    public static bool IsUnspaced(char c) =>
        c
            is >= '\u0e00'
                and <= '\u0eff'
                or >= '\u1000'
                and <= '\u109f'
                or >= '\u1780'
                and <= '\u17ff'
                or >= '\u3040'
                and <= '\u30ff'
                or >= '\u3400'
                and <= '\u9fff';
}
