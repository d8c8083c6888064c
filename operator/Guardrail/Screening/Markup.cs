namespace AgentReadiness.Guardrail.Screening;

/// <summary>What HTML and Markdown show to a machine and not to a reader: comments, attributes, elements without size or colour.</summary>
internal static class Markup
{
    private const int Most = 24;
    private const int Longest = 8 * 1024;

    private static readonly string[] Attributes = ["alt=", "title=", "aria-label=", "content=", "placeholder=", "data-"];
    private static readonly string[] Styles =
    [
        "display:none",
        "visibility:hidden",
        "font-size:0",
        "font-size:1px",
        "opacity:0",
        "color:white",
        "color:#fff",
        "color:transparent",
        "left:-9",
        "height:0",
        "width:0",
        "aria-hidden",
        " hidden",
    ];

    /// <summary>The hidden texts, in their order.</summary>
    public static IEnumerable<Layer> Hidden(Layer layer)
    {
        var text = layer.Text;
        // Where the next end of a tag or of a comment is: looked for once, and again when it was passed.
        var (at, count, close, endOfComment) = (0, 0, -1, -1);
        while (count < Most && at < text.Length && text.IndexOf('<', at) is >= 0 and var start)
        {
            if (string.CompareOrdinal(text, start, "<!--", 0, 4) == 0)
            {
                if (endOfComment < start + 4)
                    endOfComment = text.IndexOf("-->", start + 4, StringComparison.Ordinal) is >= 0 and var found ? found : text.Length;
                var last = Math.Min(endOfComment, start + Longest);
                yield return layer.Part("comment", text[(start + 4)..last], start, last);
                count++;
                at = last;
                continue;
            }
            if (close < start)
                close = text.IndexOf('>', start) is >= 0 and var next ? next : text.Length;
            if (close == text.Length)
                yield break;
            if (close - start > Longest)
            {
                at = start + 1;
                continue;
            }
            var tag = text[start..close].Replace("\"", " ", StringComparison.Ordinal);
            var tight = tag.Replace(" :", ":", StringComparison.Ordinal).Replace(": ", ":", StringComparison.Ordinal);
            if (Array.Exists(Attributes, name => tag.Contains(name, StringComparison.OrdinalIgnoreCase)))
            {
                yield return layer.Part("attribute", tag, start, close, isHidden: false);
                count++;
            }
            if (Array.Exists(Styles, style => tight.Contains(style, StringComparison.OrdinalIgnoreCase)))
            {
                var end = text.IndexOf("</", close, StringComparison.Ordinal);
                var last = Math.Min(end < 0 ? text.Length : end, close + Longest);
                yield return layer.Part("hidden element", text[(close + 1)..Math.Max(close + 1, last)], start, Math.Max(close + 1, last));
                count++;
            }
            at = close + 1;
        }
    }
}
