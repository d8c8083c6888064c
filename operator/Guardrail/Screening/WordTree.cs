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

    private readonly List<char> letters = ['\0'];
    private readonly List<int> child = [-1];
    private readonly List<int> sibling = [-1];
    private readonly List<int> star = [-1];
    private readonly List<ushort[]?> meanings = [null];
    private readonly Dictionary<char, int> roots = [];

    /// <summary>What a walk over one word found.</summary>
    /// <param name="Term">The node of the term that it is; -1: none.</param>
    /// <param name="Stem">The node of the longest term that it begins with, where its ending is open; -1: none.</param>
    /// <param name="Open">Where a phrase goes on with the next word; -1: nowhere.</param>
    /// <param name="OpenStem">The same where the word has an ending that the phrase leaves open.</param>
    internal readonly record struct Walk(int Term, int Stem, int Open, int OpenStem);

    /// <summary>Adds a term: a word or a phrase, already folded; a star stands for any ending.</summary>
    public void Add(ReadOnlySpan<char> term, ushort meaning)
    {
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

    /// <summary>Walks over a word.</summary>
    /// <param name="word">The word, folded.</param>
    /// <param name="from">Where to begin: the root, or where a phrase goes on.</param>
    public Walk Read(ReadOnlySpan<char> word, int from)
    {
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

    private int Next(int node, char letter)
    {
        if (node == Root)
            return roots.GetValueOrDefault(letter, -1);
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
