namespace AgentReadiness.Cli.Reading;

/// <summary>A part of a manifest between two separators.</summary>
/// <param name="Text">Its lines, each of them ended.</param>
/// <param name="Line">The line of the manifest that it begins on, from 1.</param>
internal readonly record struct DocumentText(string Text, long Line)
{
    /// <summary>
    /// Splits YAML into documents as kubectl does: by lines that begin with "---", wherever they stand. Each line is ended, so a block
    /// scalar at the end of a file has its line break.
    /// </summary>
    /// <param name="text">The YAML.</param>
    /// <param name="line">The line that it begins on.</param>
    /// <exception cref="ManifestException">Something else than a comment follows a separator.</exception>
    public static IEnumerable<DocumentText> Split(string text, long line)
    {
        var document = new System.Text.StringBuilder();
        var first = line;
        foreach (var raw in text.EndsWith('\n') ? text[..^1].Split('\n') : text.Split('\n'))
        {
            var whole = raw.EndsWith('\r') ? raw[..^1] : raw;
            if (whole.StartsWith("---", StringComparison.Ordinal))
            {
                var rest = whole[3..].Trim();
                if (rest.Length > 0 && rest[0] != '#')
                    throw new ManifestException(
                        $"line {line}, column 4: only a comment may follow \"---\", as kubectl has it: put what follows on the next line"
                    );
                if (document.Length > 0)
                    yield return new DocumentText(document.ToString(), first);
                document.Clear();
                first = line + 1;
            }
            else
            {
                document.Append(whole).Append('\n');
            }
            line++;
        }
        if (document.Length > 0)
            yield return new DocumentText(document.ToString(), first);
    }
}
