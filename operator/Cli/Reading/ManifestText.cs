using System.Text;

namespace AgentReadiness.Cli.Reading;

/// <summary>The text of a manifest's bytes: UTF-8, or UTF-16 where a byte order mark says so, as kubectl reads files.</summary>
internal static class ManifestText
{
    /// <summary>Decodes a manifest.</summary>
    /// <exception cref="ManifestException">
    /// The bytes are no text. kubectl would put U+FFFD in the place of such a byte, and the cluster would hold what nobody wrote.
    /// </exception>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        var (encoding, mark) = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => ((Encoding)new UTF8Encoding(false, true), 3),
            [0xFF, 0xFE, ..] => (new UnicodeEncoding(false, false, true), 2),
            [0xFE, 0xFF, ..] => (new UnicodeEncoding(true, false, true), 2),
            _ => (new UTF8Encoding(false, true), 0),
        };
        try
        {
            return encoding.GetString(bytes[mark..]);
        }
        catch (DecoderFallbackException exception)
        {
            var before = bytes[mark..(mark + int.Clamp(exception.Index, 0, bytes.Length - mark))];
            var line =
                encoding is UTF8Encoding
                    ? $"line {before.Count((byte)'\n') + 1}, column {before.Length - before.LastIndexOf((byte)'\n')}"
                    : "the file";
            throw new ManifestException(
                $"{line}: the byte 0x{exception.BytesUnknown?.FirstOrDefault():X2} is not "
                    + $"{(encoding is UTF8Encoding ? "UTF-8" : "UTF-16")}: save the file as UTF-8",
                exception
            );
        }
    }
}
