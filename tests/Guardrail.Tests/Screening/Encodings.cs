namespace AgentReadiness.Guardrail.Tests.Screening;

/// <summary>Ways to write a text so that a model still reads it, and a list of words does not.</summary>
internal static class Encodings
{
    /// <summary>Those of any text.</summary>
    public static IReadOnlyDictionary<string, Func<string, string>> Any { get; } =
        new Dictionary<string, Func<string, string>>
        {
            ["plain"] = text => text,
            ["upper case"] = text => text.ToUpperInvariant(),
            ["zero width"] = text => string.Join('\u200b', text.EnumerateRunes()),
            ["soft hyphens"] = text => string.Join("\u00ad", text.EnumerateRunes()),
            ["base64"] = text => Convert.ToBase64String(Bytes(text)),
            ["base64url"] = text => Convert.ToBase64String(Bytes(text)).Replace('+', '-').Replace('/', '_').TrimEnd('='),
            ["base64 lines"] = text => Lines(Convert.ToBase64String(Bytes(text)), 76),
            ["base64 twice"] = text => Convert.ToBase64String(Bytes(Convert.ToBase64String(Bytes(text)))),
            ["hex"] = text => Convert.ToHexStringLower(Bytes(text)),
            ["hex spaced"] = text => string.Join(' ', Bytes(text).Select(b => b.ToString("X2", CultureInfo.InvariantCulture))),
            ["binary"] = text => string.Join(' ', Bytes(text).Select(b => Convert.ToString(b, 2).PadLeft(8, '0'))),
            ["url"] = text => string.Concat(Bytes(text).Select(b => $"%{b:X2}")),
            ["entities"] = text => string.Concat(text.EnumerateRunes().Select(rune => $"&#{rune.Value};")),
            ["entities hex"] = text => string.Concat(text.EnumerateRunes().Select(rune => $"&#x{rune.Value:x};")),
            ["json escapes"] = text => string.Concat(text.Select(c => $"\\u{(int)c:x4}")),
            ["comment"] = text => $"<p>Welcome.</p><!-- {text} --><p>Bye.</p>",
            ["hidden element"] = text => $"<div style=\"display:none\">{text}</div>",
            ["alt"] = text => $"<img src=\"a.png\" alt=\"{text.Replace('"', '\'')}\">",
            ["tags"] = text => string.Join("<b></b>", Pieces(text)),
        };

    /// <summary>Those of texts in Latin letters.</summary>
    public static IReadOnlyDictionary<string, Func<string, string>> Latin { get; } =
        new Dictionary<string, Func<string, string>>
        {
            ["homoglyphs"] = text => Map(text, "aceiopsxyjh", "асеіорѕхујһ"),
            ["full width"] = text => string.Concat(text.Select(c => c is > ' ' and <= '~' ? (char)(c + 0xfee0) : c)),
            ["mathematical"] = text =>
                string.Concat(text.Select(c => char.IsAsciiLetterLower(c) ? char.ConvertFromUtf32(0x1d41a + c - 'a') : $"{c}")),
            ["spaced letters"] = text => string.Join("  ", text.Split(' ').Select(word => string.Join(' ', word.EnumerateRunes()))),
            ["dotted letters"] = text => string.Join("  ", text.Split(' ').Select(word => string.Join('.', word.EnumerateRunes()))),
            ["leet"] = text => Map(text, "aeiost", "4310$7"),
            ["rot13"] = text => string.Concat(text.Select(Turn)),
            ["backwards"] = text => string.Concat(text.Reverse()),
            ["tag characters"] = text =>
                "A nice day. " + string.Concat(text.Select(c => c is >= ' ' and <= '~' ? char.ConvertFromUtf32(0xe0000 + c) : "")),
            ["selectors"] = text =>
                "\U0001f600"
                + string.Concat(Bytes(text).Select(b => b < 16 ? $"{(char)(0xfe00 + b)}" : char.ConvertFromUtf32(0xe0100 + b - 16))),
        };

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string Lines(string text, int length) => string.Join("\r\n", text.Chunk(length).Select(line => new string(line)));

    private static IEnumerable<string> Pieces(string text) => text.Chunk(3).Select(piece => new string(piece));

    private static string Map(string text, string from, string to) =>
        string.Concat(text.Select(c => from.IndexOf(c, StringComparison.Ordinal) is >= 0 and var i ? to[i] : c));

    private static char Turn(char c) =>
        char.IsAsciiLetterLower(c) ? (char)('a' + (c - 'a' + 13) % 26)
        : char.IsAsciiLetterUpper(c) ? (char)('A' + (c - 'A' + 13) % 26)
        : c;
}
