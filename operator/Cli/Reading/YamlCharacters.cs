namespace AgentReadiness.Cli.Reading;

/// <summary>What kubectl refuses in YAML before it looks at its structure: control characters, and directives.</summary>
internal static class YamlCharacters
{
    /// <summary>Refuses a document that has one of them.</summary>
    /// <exception cref="ManifestException">It has one; the message names the place.</exception>
    public static void Require(DocumentText document)
    {
        var (line, column) = (document.Line, 1);
        var content = false;
        foreach (var rune in document.Text.EnumerateRunes())
        {
            if (!IsAllowed(rune.Value))
                throw new ManifestException(
                    $"line {line}, column {column}: the control character U+{rune.Value:X4} is not allowed in YAML: remove it, or write "
                        + $"it as an escape in double quotes, \"\\u{rune.Value:x4}\""
                );
            // A directive needs "---" after it, and kubectl splits documents there, so it never sees both.
            if (column == 1 && !content && rune.Value == '%')
                throw new ManifestException($"line {line}, column 1: kubectl reads no YAML directives (%YAML, %TAG): remove the line");
            if (column == 1 && rune.Value is not ('#' or '\n' or ' ' or '\t' or '\uFEFF'))
                content = true;
            (line, column) = rune.Value == '\n' ? (line + 1, 1) : (line, column + (rune.Value == '\uFEFF' ? 0 : 1));
        }
    }

    private static bool IsAllowed(int rune) =>
        rune
            is '\t'
                or '\n'
                or '\r'
                or (>= ' ' and <= '~')
                or 0x85
                or (>= 0xA0 and <= 0xD7FF)
                or (>= 0xE000 and <= 0xFFFD)
                or (>= 0x10000 and <= 0x10FFFF);
}
