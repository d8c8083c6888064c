using System.Text;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>Texts in characters that nobody sees: tags (U+E0000) and the selectors of variants, which can carry a byte each.</summary>
internal static class Unseen
{
    private const int Least = 8;

    /// <summary>Reads them.</summary>
    public static IEnumerable<Layer> Read(Layer layer)
    {
        var text = layer.Text;
        if (text.AsSpan().IndexOfAnyInRange('\ufe00', '\ufe0f') < 0 && text.IndexOf('\udb40', StringComparison.Ordinal) < 0)
            yield break;
        var (tags, bytes) = (new StringBuilder(), new List<byte>());
        var (first, last) = (text.Length, 0);
        for (var i = 0; i < text.Length; i++)
        {
            var point =
                char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
                    ? char.ConvertToUtf32(text[i], text[i + 1])
                    : text[i];
            if (point is >= 0xe0020 and <= 0xe007e)
                tags.Append((char)(point - 0xe0000));
            else if (point is >= 0xfe00 and <= 0xfe0f)
                bytes.Add((byte)(point - 0xfe00));
            else if (point is >= 0xe0100 and <= 0xe01ef)
                bytes.Add((byte)(point - 0xe0100 + 16));
            else
                continue;
            (first, last) = (Math.Min(first, i), point > 0xffff ? i + 2 : i + 1);
        }
        if (tags.Length >= Least)
            yield return layer.Part("tag characters", tags.ToString(), first, last);
        if (bytes.Count >= Least && Undoing.TextOf([.. bytes]) is { } spelt)
            yield return layer.Part("variation selectors", spelt, first, last);
    }
}
