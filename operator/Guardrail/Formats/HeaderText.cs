using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Values of headers as they cross the guardrail: each character stands for one byte, from 0 to 255, on both sides, so that a byte that is
/// no ASCII passes unchanged (RFC 9110, 5.5: obs-text). Pure.
/// </summary>
internal static class HeaderText
{
    /// <summary>How both servers and clients of the guardrail read and write headers.</summary>
    public static readonly Encoding Encoding = Encoding.Latin1;

    // What RFC 9110, 5.5, allows: HTAB, SP, VCHAR and obs-text.
    private static readonly SearchValues<char> Allowed = SearchValues.Create([
        .. Enumerable.Range(0, 256).Where(c => c is '\t' or (>= 0x20 and not 0x7f)).Select(c => (char)c),
    ]);

    /// <summary>A value that may be written; null where it holds a control character, and so must not pass.</summary>
    public static string? Passable(string? value)
    {
        if (value is null || !value.AsSpan().ContainsAnyExcept(Allowed))
            return value;
        // The client library reads the Location header as UTF-8: its characters become bytes again.
        var bytes = value.AsSpan().ContainsAnyExceptInRange('\0', '\xff') ? Encoding.GetString(Encoding.UTF8.GetBytes(value)) : value;
        return bytes.AsSpan().ContainsAnyExcept(Allowed) ? null : bytes;
    }

    /// <summary>The text that the bytes of a value mean: UTF-8 where they are that, else one character for each byte.</summary>
    public static string Decode(string value)
    {
        if (Ascii.IsValid(value) || value.AsSpan().ContainsAnyExceptInRange('\0', '\xff'))
            return value;
        var bytes = Encoding.GetBytes(value);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : value;
    }
}
