using System.Text;

namespace AgentReadiness.Guardrail.Screening;

/// <summary>What a text becomes where its encodings are undone, and what it hides. One place where all of them are listed.</summary>
internal static class Undoing
{
    // So many words that have a meaning only backwards or turned are no chance any more.
    private const int LeastTurned = 2;

    /// <summary>The texts that stand in a text.</summary>
    /// <param name="layer">The text.</param>
    /// <param name="scan">What was seen in it.</param>
    public static IEnumerable<Layer> Of(Layer layer, TextScanner scan)
    {
        if (scan.Turned >= LeastTurned)
            yield return layer.Turned();
        if (scan.Backwards >= LeastTurned)
            yield return layer.Backwards();
        if (Escapes.Undo(layer) is { } plain)
            yield return plain;
        foreach (var hidden in Markup.Hidden(layer))
            yield return hidden;
        foreach (var coded in Codes.Undo(layer))
            yield return coded;
        foreach (var unseen in Unseen.Read(layer))
            yield return unseen;
    }

    /// <summary>Bytes as a text that somebody may have written; null where they are none.</summary>
    internal static string? TextOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 16 && bytes.Length % 2 == 0 && bytes[1] == 0 && bytes[3] == 0 && bytes[5] == 0)
            return Printable(Encoding.Unicode.GetString(bytes));
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Printable(Encoding.UTF8.GetString(bytes)) : null;
    }

    private static string? Printable(string text)
    {
        var odd = 0;
        foreach (var c in text)
            odd += char.IsControl(c) && c is not ('\n' or '\r' or '\t') ? 1 : 0;
        return odd * 10 > text.Length ? null : text;
    }
}
