namespace AgentReadiness.Testing;

/// <summary>A part of a document that a program makes: what stands between two marks, and nothing else of the document.</summary>
/// <param name="maker">The command that makes it.</param>
internal sealed class MarkedText(string maker)
{
    private readonly string start = $"<!-- made by `{maker}` -->\n";
    private readonly string end = $"<!-- end of what `{maker}` made -->";

    /// <summary>The document with the new text.</summary>
    /// <exception cref="InvalidDataException">The marks are not there, each once and in their order.</exception>
    public string Replace(string document, string text)
    {
        var (from, to) = (document.IndexOf(start, StringComparison.Ordinal), document.IndexOf(end, StringComparison.Ordinal));
        if (
            from < 0
            || to < from
            || from != document.LastIndexOf(start, StringComparison.Ordinal)
            || to != document.LastIndexOf(end, StringComparison.Ordinal)
        )
            throw new InvalidDataException($"the document must have once each, in this order: {start.TrimEnd()} and {end}");
        return document[..(from + start.Length)] + text + document[to..];
    }

    /// <summary>The document with the new text; a document that has none of it yet gets it at its end.</summary>
    public string ReplaceOrAppend(string document, string text) =>
        Replace(document.Contains(start, StringComparison.Ordinal) ? document : $"{document.TrimEnd()}\n\n{start}{end}\n", text);
}
