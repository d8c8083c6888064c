namespace AgentReadiness.Guardrail.Screening;

/// <summary>
/// The words that rules know, as a tree of their letters: a word is found in one walk, and a phrase word by word. Built once, then only
/// read.
/// </summary>
internal sealed class WordTree
{
    /// <summary>Where every word begins.</summary>
    public const int Root = 0;

    private const char Any = '*';
    private const int Letters = 26;
    private const int LongestTight = 48;

    private readonly List<char> letters = ['\0'];
    private readonly List<int> child = [-1];
    private readonly List<int> sibling = [-1];
    private readonly List<int> star = [-1];
    private readonly List<ushort[]?> meanings = [null];
    private readonly Dictionary<char, int> roots = [];
    private readonly int[] asciiRoots = [.. Enumerable.Repeat(-1, 128)];

    // Which three letters begin a term: most words are none of them, and are done with.
    private readonly bool[] begins = new bool[Letters * Letters * Letters];

    /// <summary>What a walk over one word found.</summary>
    /// <param name="Term">The node of the term that it is; -1: none.</param>
    /// <param name="Stem">The node of the longest term that it begins with, where its ending is open; -1: none.</param>
    /// <param name="Open">Where a phrase goes on with the next word; -1: nowhere.</param>
    /// <param name="OpenStem">The same where the word has an ending that the phrase leaves open.</param>
    internal readonly record struct Walk(int Term, int Stem, int Open, int OpenStem);

    /// <summary>Adds a term: a word or a phrase, already folded; a star stands for any ending.</summary>
    public void Add(ReadOnlySpan<char> term, ushort meaning)
    {
        Begin(term);
        var node = Root;
        foreach (var letter in term)
        {
            var next = Next(node, letter);
            node = next >= 0 ? next : Grow(node, letter);
        }
        meanings[node] = meanings[node] is { } old ? (Array.IndexOf(old, meaning) < 0 ? [.. old, meaning] : old) : [meaning];
    }

    /// <summary>The meanings of a term.</summary>
    public ReadOnlySpan<ushort> MeaningsOf(int term) => meanings[term];

    /// <summary>Whether a term may begin with the letters that a word begins with. False is certain.</summary>
    public bool MayBegin(ReadOnlySpan<char> word) =>
        word.Length < 3
        || !(char.IsAsciiLetterLower(word[0]) && char.IsAsciiLetterLower(word[1]) && char.IsAsciiLetterLower(word[2]))
        || begins[Number(word[0], word[1], word[2])];

    /// <summary>Walks over a word.</summary>
    /// <param name="word">The word, folded.</param>
    /// <param name="from">Where to begin: the root, or where a phrase goes on.</param>
    public Walk Read(ReadOnlySpan<char> word, int from)
    {
        if (from == Root && !MayBegin(word))
            return new Walk(-1, -1, -1, -1);
        var (node, stem) = (from, -1);
        foreach (var letter in word)
        {
            if (star[node] >= 0)
                stem = star[node];
            node = Next(node, letter);
            if (node < 0)
                break;
        }
        if (node >= 0 && star[node] >= 0)
            stem = star[node];
        var term = node >= 0 && meanings[node] is not null ? node : -1;
        var open = stem >= 0 && meanings[stem] is not null ? stem : -1;
        return new Walk(term, open, node < 0 ? -1 : Next(node, ' '), stem < 0 ? -1 : Next(stem, ' '));
    }

    /// <summary>The longest term at the beginning of letters that have no spaces between their words.</summary>
    /// <param name="text">The letters.</param>
    /// <param name="length">Its length.</param>
    /// <returns>Its node; -1: none.</returns>
    public int Longest(ReadOnlySpan<char> text, out int length)
    {
        var (node, found) = (Root, -1);
        length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            node = Next(node, text[i]);
            if (node < 0)
                break;
            var here = meanings[node] is not null ? node : star[node];
            if (here >= 0 && meanings[here] is not null)
                (found, length) = (here, i + 1);
        }
        return found;
    }

    /// <summary>The longest term at the beginning of a text in which <see cref="IsLoose">some signs</see> do not count.</summary>
    /// <param name="text">The text.</param>
    /// <param name="folding">How its characters are read.</param>
    /// <param name="length">How long the term is there.</param>
    /// <returns>Its node; -1: none.</returns>
    public int Tight(ReadOnlySpan<char> text, Folding folding, out int length)
    {
        var (node, found) = (Root, -1);
        length = 0;
        for (var i = 0; i < text.Length && i < LongestTight; i++)
        {
            var letter = folding.Latin(folding.Fold(text[i]));
            if (IsLoose(letter) || Folding.IsUnseen(letter))
                continue;
            node = Next(node, letter);
            if (node < 0)
                break;
            if (meanings[node] is not null)
                (found, length) = (node, i + 1);
        }
        return found;
    }

    /// <summary>A sign that may stand in a mark or not.</summary>
    public static bool IsLoose(char c) => c is ' ' or '_' or '-';

    private static int Number(char first, char second, char third) => (((first - 'a') * Letters + second - 'a') * Letters) + third - 'a';

    private void Begin(ReadOnlySpan<char> term)
    {
        if (term.Length < 3 && !term.Contains(Any) || term.IsEmpty || !char.IsAsciiLetterLower(term[0]))
            return;
        // A star fits any letters, and a space none.
        var star = term.IndexOf(Any);
        var open = star is >= 0 and < 3 ? star : 3;
        foreach (var letter in term[..open])
        {
            if (!char.IsAsciiLetterLower(letter))
                return;
        }
        for (var second = 'a'; second <= 'z'; second++)
        {
            for (var third = 'a'; third <= 'z'; third++)
            {
                if ((open < 2 || second == term[1]) && (open < 3 || third == term[2]))
                    begins[Number(term[0], second, third)] = true;
            }
        }
    }

    private int Next(int node, char letter)
    {
        if (node == Root)
            return letter < 128 ? asciiRoots[letter] : roots.GetValueOrDefault(letter, -1);
        if (letter == Any)
            return star[node];
        for (var next = child[node]; next >= 0; next = sibling[next])
        {
            if (letters[next] == letter)
                return next;
        }
        return -1;
    }

    private int Grow(int parent, char letter)
    {
        var node = letters.Count;
        letters.Add(letter);
        child.Add(-1);
        star.Add(-1);
        meanings.Add(null);
        if (letter == Any)
        {
            sibling.Add(-1);
            star[parent] = node;
        }
        else if (parent == Root)
        {
            sibling.Add(-1);
            if (letter < 128)
                asciiRoots[letter] = node;
            else
                roots[letter] = node;
        }
        else
        {
            sibling.Add(child[parent]);
            child[parent] = node;
        }
        return node;
    }
}
