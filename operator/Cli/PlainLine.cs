using System.Globalization;
using System.Text;

namespace AgentReadiness.Cli;

/// <summary>Texts of a manifest in lines that programs read: a name with a line break in it must not look like a line of ours.</summary>
internal static class PlainLine
{
    /// <summary>The text with everything that is not printed, or that ends a line, as \uXXXX.</summary>
    public static string Of(string text)
    {
        if (!text.Any(IsHidden))
            return text;
        var plain = new StringBuilder();
        foreach (var character in text)
        {
            if (IsHidden(character))
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:X4}");
            else
                plain.Append(character);
        }
        return plain.ToString();
    }

    private static bool IsHidden(char character) =>
        char.GetUnicodeCategory(character)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;
}
