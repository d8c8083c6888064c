namespace AgentReadiness.Guardrail.Screening;

// Words that are not listed as they stand: changed, joined, turned around or glued to others.
internal sealed partial class TextScanner
{
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
