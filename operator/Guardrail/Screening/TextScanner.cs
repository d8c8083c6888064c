namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Reads a text once, letter by letter, and tells a matcher which meanings its words have: as they stand, in letters of other scripts that
/// look alike, with digits for letters, and with something between their letters. It counts words that have one backwards, or turned by 13
/// letters.
/// </summary>
internal sealed partial class TextScanner
{
    private const int LongestWord = 256;
    private const int LongestTerm = 32;
    private const int GluedFrom = 14;
    private const int LeastGlued = 4;
    private const int LeastJoined = 5;
    private const int LeastTurned = 5;
    private const int MostOpen = 8;
    private const int LongestLink = 400;

    private readonly RuleSet rules;
    private readonly RuleMatcher matcher;
    private readonly Letters word = new(LongestWord);
    private readonly Letters singles = new(LongestWord);
    private readonly Letters run = new(2 * LongestTerm);
    private readonly char[] changed = new char[LongestWord];
    private readonly Letters joined = new(LongestTerm);
    private readonly List<(int Node, int Word, int Start)> open = [];
    private readonly List<(int Node, int Word, int Start)> next = [];
    private readonly ushort role;
    private readonly ushort roleLine;
    private readonly ushort address;
    private readonly ushort hole;
    private readonly ushort query;
    private int ordinal;
    private int gap;
    private char separator;
    private bool isLineStart = true;
    private bool isRole;
    private int linkUntil;
    private bool wasMatched;
    private Letters current;

    private TextScanner(RuleSet rules, RuleMatcher matcher)
    {
        (this.rules, this.matcher, current) = (rules, matcher, word);
        (role, roleLine, address) = (rules.Number("role"), rules.Number("roleline"), rules.Number("address"));
        (hole, query) = (rules.Number("urlhole"), rules.Number("urlquery"));
    }

    /// <summary>Words that have a meaning backwards, and only so.</summary>
    public int Backwards { get; private set; }

    /// <summary>Words that have a meaning turned by 13 letters, and only so.</summary>
    public int Turned { get; private set; }

    /// <summary>Reads a text.</summary>
    public static TextScanner Scan(ReadOnlySpan<char> text, RuleSet rules, RuleMatcher matcher)
    {
        var scanner = new TextScanner(rules, matcher);
        for (var i = 0; i < text.Length && !matcher.IsDone; i++)
            i += scanner.Read(text, i);
        scanner.EndWord();
        scanner.EndSingles();
        scanner.EndRun();
        return scanner;
    }

    /// <summary>Reads the character at a place.</summary>
    /// <returns>1 where it takes two places.</returns>
    private int Read(ReadOnlySpan<char> text, int at)
    {
        var c = text[at];
        if (c < 0x80)
        {
            ReadAscii(text, at, c);
            return 0;
        }
        if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            var point = char.ConvertToUtf32(c, text[at + 1]);
            if (rules.Folding.Text(point) is { } many)
                Add(many, at, at + 2);
            else if (point is not (>= 0xe0000 and <= 0xe0fff))
                Separate(' ', at);
            return 1;
        }
        if (Folding.IsUnseen(c))
            return 0;
        if (rules.Folding.Text(c) is { } text2)
            Add(text2, at, at + 1);
        else
            Fold(text, at, c);
        return 0;
    }

    private void Fold(ReadOnlySpan<char> text, int at, char c)
    {
        var folded = rules.Folding.Fold(c);
        if (folded < 0x80 && folded != c)
            ReadAscii(text, at, folded);
        else if (Folding.IsUnspaced(folded) && char.IsLetter(folded) || folded is 'ー')
        {
            EndWord();
            EndSingles();
            run.Add(folded, at, at + 1);
            if (run.Length == run.Capacity)
                ReadRun(LongestTerm);
        }
        else if (
            char.IsLetterOrDigit(folded)
            || char.GetUnicodeCategory(folded) is System.Globalization.UnicodeCategory.SpacingCombiningMark
        )
        {
            if (word.Length == 0 && rules.Folding.Latin(folded) == 'h')
                Mark(text, at, 'h');
            Letter(folded, at, at + 1);
        }
        else
            Separate(
                folded is '。' or '！' or '？' ? '.'
                    : folded is '\u2028' or '\u2029' or '\u0085' ? '\n'
                    : folded,
                at
            );
    }

    private void Add(string letters, int start, int end)
    {
        foreach (var letter in letters)
        {
            if (char.IsLetterOrDigit(letter))
                Letter(letter, start, end);
            else
                Separate(letter, start);
        }
    }

    private void ReadAscii(ReadOnlySpan<char> text, int at, char c)
    {
        if (char.IsAsciiLetterOrDigit(c))
        {
            if (c is 'h' or 'H' && word.Length == 0)
                Mark(text, at, 'h');
            Letter((char)(c | 0x20), at, at + 1, c);
            return;
        }
        if (c is < ' ' and not ('\n' or '\r' or '\t') or '\x7f')
            return;
        // A sign in a word may stand for a letter.
        var isBefore = at + 1 < text.Length && char.IsAsciiLetterOrDigit(text[at + 1]);
        var isInWord = word.Length > 0 ? isBefore || c == '$' : isBefore && c is '$' or '@';
        if (isInWord && c is '@' or '$' or '!' or '|' or '+')
        {
            if (c == '@' && word.Length > 0)
                matcher.Add(address, -1, new RuleMatcher.Spot(ordinal + 1, ordinal + 1, at, at + 1));
            word.Add(c, at, at + 1);
            return;
        }
        Separate(c, at);
        Mark(text, at, c);
        if (at < linkUntil && c is '{' or '[' or '<' || at < linkUntil && c is '=' or '?')
            matcher.Add(c is '=' or '?' ? query : hole, -1, new RuleMatcher.Spot(ordinal, ordinal, at, at + 1));
        if (c is ' ' or ')' or '"' or '\n')
            linkUntil = 0;
    }

    private void Letter(char letter, int start, int end, char asItCame = '\0')
    {
        if (word.Length == 0)
            EndRun();
        // "IgnoreAll" is two words and, for those who look for it glued, one.
        word.Add(asItCame is >= '0' and <= '9' ? asItCame : letter, start, end);
    }

    private void Separate(char c, int at)
    {
        EndWord();
        EndRun();
        if (isRole && c is ':' or ']' or '>')
        {
            if (c == ':')
            {
                matcher.Add(roleLine, -1, new RuleMatcher.Spot(ordinal, ordinal, at, at + 1));
                isRole = false;
            }
        }
        else if (c is not (' ' or '*'))
        {
            isRole = false;
        }
        gap++;
        separator = c;
        if (c == '\n')
            isLineStart = true;
        // What stands in another sentence is further away.
        if (c is '.' or '!' or '?' or ';' && singles.Length == 0)
            ordinal++;
        else if (c == '\n' && gap > 1)
            ordinal += 2;
    }

    private void EndWord()
    {
        if (word.Length == 0)
            return;
        if (word.Length == 1)
        {
            // Two spaces between letters that stand alone are the space between words.
            if (gap > 1 || singles.Length == singles.Capacity)
                EndSingles();
            singles.AddAll(word);
        }
        else
        {
            EndSingles();
            current = word;
            ReadWord();
        }
        (gap, isLineStart) = (0, false);
        word.Clear();
    }

    /// <summary>Letters that stand alone, one after the other, are a word or several.</summary>
    private void EndSingles()
    {
        if (singles.Length == 0)
            return;
        current = singles;
        if (singles.Length > 1)
            ReadWord();
        else
            ordinal++;
        singles.Clear();
    }

    private void ReadWord()
    {
        ordinal++;
        var text = current.Text;
        var isKnown = Look(text);
        if (!isKnown && HasOther(text, out var other))
            isKnown = Look(other);
        if (!isKnown && text[0] is '$' or '@')
            isKnown = Look(text[1..]);
        if (!isKnown)
            isKnown = Joined();
        if (!isKnown && (text.Length >= GluedFrom || (current == singles && text.Length >= LeastGlued)))
            ReadGlued();
        Remember(isKnown);
        if (text.Length >= LeastTurned && !isKnown)
            LookTurned(text);
        open.Clear();
        open.AddRange(next);
        next.Clear();
    }

    /// <summary>Looks a word up, and where phrases go on with it.</summary>
    private bool Look(ReadOnlySpan<char> text)
    {
        var isKnown = LookFrom(text, WordTree.Root, ordinal, current.Start);
        foreach (var (node, first, start) in open)
            isKnown |= LookFrom(text, node, first, start);
        return isKnown;
    }

    private bool LookFrom(ReadOnlySpan<char> text, int node, int first, int start)
    {
        var walk = rules.Words.Read(text, node);
        foreach (var goesOn in (ReadOnlySpan<int>)[walk.Open, walk.OpenStem])
        {
            if (goesOn >= 0 && next.Count < MostOpen)
                next.Add((goesOn, first, start));
        }
        var spot = new RuleMatcher.Spot(first, ordinal, start, current.End);
        Tell(walk.Term, spot);
        Tell(walk.Stem, spot);
        return walk.Term >= 0 || walk.Stem >= 0;
    }

    private void Tell(int term, RuleMatcher.Spot spot)
    {
        if (term < 0)
            return;
        foreach (var meaning in rules.Words.MeaningsOf(term))
        {
            matcher.Add(meaning, term, spot);
            isRole |= meaning == role && isLineStart && spot.First == ordinal;
        }
    }
}
