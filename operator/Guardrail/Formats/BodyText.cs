using System.Text;
using System.Text.Unicode;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>A body as a text, whatever its bytes are. Pure.</summary>
internal static class BodyText
{
    /// <summary>
    /// Reads UTF-8, UTF-16 with its mark, or else a character for each byte: words in ASCII are then found wherever they stand.
    /// </summary>
    public static string Of(ReadOnlySpan<byte> body) =>
        body.StartsWith([(byte)0xff, (byte)0xfe]) ? Encoding.Unicode.GetString(body)
        : body.StartsWith([(byte)0xfe, (byte)0xff]) ? Encoding.BigEndianUnicode.GetString(body)
        : Utf8.IsValid(body) ? Encoding.UTF8.GetString(body)
        : Encoding.Latin1.GetString(body);
}
