namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// Reads a text once, letter by letter, and tells a matcher which meanings its words have: as they stand, in letters of other scripts that
/// look alike, with digits for letters, and with something between their letters. It counts words that have one backwards, or turned by 13
/// letters.
/// </summary>
internal sealed class TextScanner
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

    /// <summary>The word with Latin letters for those that look like them, or with letters for digits and signs.</summary>
    private bool HasOther(ReadOnlySpan<char> text, out ReadOnlySpan<char> other)
    {
        other = default;
        var (isChanged, hasLetter) = (false, false);
        for (var i = 0; i < text.Length; i++)
        {
            var letter = rules.Folding.Latin(text[i]);
            letter = letter switch
            {
                '0' => 'o',
                '1' or '!' or '|' => 'i',
                '3' => 'e',
                '4' or '@' => 'a',
                '5' or '$' => 's',
                '7' or '+' => 't',
                '8' => 'b',
                '9' => 'g',
                _ => letter,
            };
            hasLetter |= char.IsLetter(text[i]);
            isChanged |= letter != text[i];
            if (!char.IsAsciiLetter(letter))
                return false;
            changed[i] = letter;
        }
        other = changed.AsSpan(0, text.Length);
        return isChanged && hasLetter;
    }

    /// <summary>"ig-nore" and "ig nore": the word together with what stood before it.</summary>
    private bool Joined()
    {
        if (joined.Length == 0 || gap != 1 || wasMatched || joined.Length + current.Length > LongestTerm || separator == '\n')
            return false;
        if (joined.Length >= 3 && !rules.Words.MayBegin(joined.Text))
            return false;
        joined.AddAll(current);
        if (joined.Length < LeastJoined)
            return false;
        var walk = rules.Words.Read(joined.Text, WordTree.Root);
        var spot = new RuleMatcher.Spot(ordinal, ordinal, joined.Start, current.End);
        Tell(walk.Term, spot);
        Tell(walk.Stem, spot);
        return walk.Term >= 0 || walk.Stem >= 0;
    }

    private void Remember(bool isKnown)
    {
        // What was joined already goes on only where a sign, and no space, stands between.
        if (gap != 1 || separator == ' ' || isKnown || joined.Length == 0 || joined.End != current.End)
        {
            joined.Clear();
            if (current.Length <= LongestTerm)
                joined.AddAll(current);
        }
        wasMatched = isKnown;
    }

    private void LookTurned(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiLetterLower(text[i]))
                return;
            changed[i] = text[^(i + 1)];
        }
        Backwards += rules.Words.Read(changed.AsSpan(0, text.Length), WordTree.Root) is { Term: >= 0 } or { Stem: >= 0 } ? 1 : 0;
        for (var i = 0; i < text.Length; i++)
            changed[i] = (char)('a' + (text[i] - 'a' + 13) % 26);
        Turned += rules.Words.Read(changed.AsSpan(0, text.Length), WordTree.Root) is { Term: >= 0 } or { Stem: >= 0 } ? 1 : 0;
    }

    private void ReadGlued()
    {
        if (HasOther(current.Text, out var other))
            ReadTerms(other, current, other.Length);
        else
            ReadTerms(current.Text, current, current.Length);
    }

    private void EndRun() => ReadRun(0);

    // The end of a run that goes on waits: a term may begin there.
    private void ReadRun(int wait)
    {
        if (run.Length == 0)
            return;
        var read = ReadTerms(run.Text, run, run.Length - wait);
        run.Drop(read);
        if (wait == 0)
            (gap, isLineStart) = (0, false);
    }

    private int ReadTerms(ReadOnlySpan<char> text, Letters letters, int until)
    {
        var (at, unknown) = (0, 0);
        while (at < until)
        {
            var term = rules.Words.Longest(text[at..Math.Min(text.Length, at + LongestTerm)], out var length);
            if (term < 0 || (length < 3 && text[at] < 0x80))
            {
                at++;
                if (++unknown % 2 == 0)
                    ordinal++;
                continue;
            }
            ordinal++;
            foreach (var meaning in rules.Words.MeaningsOf(term))
            {
                var spot = new RuleMatcher.Spot(ordinal, ordinal, letters.StartOf(at), letters.EndOf(at + length - 1));
                matcher.Add(meaning, term, spot);
            }
            at += length;
        }
        return at;
    }

    /// <summary>Texts that are no words, such as the tokens of chat templates. Spaces in them do not count.</summary>
    private void Mark(ReadOnlySpan<char> text, int at, char first)
    {
        var term = rules.Marks.Tight(text[at..], rules.Folding, out var length);
        if (term < 0)
            return;
        foreach (var meaning in rules.Marks.MeaningsOf(term))
            matcher.Add(meaning, -2 - meaning, new RuleMatcher.Spot(ordinal + 1, ordinal + 1, at, at + length));
        if (first == 'h')
            linkUntil = at + LongestLink;
        else
            ordinal++;
    }
}
