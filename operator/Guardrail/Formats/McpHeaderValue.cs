using System.Text;
using System.Text.Unicode;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>Values of the headers that repeat what an MCP message says (MCP 2026-07-28, "Standard MCP Request Headers"). Pure.</summary>
internal static class McpHeaderValue
{
    private const string Start = "=?base64?";
    private const string End = "?=";

    /// <summary>
    /// The text that a value stands for: what is between "=?base64?" and "?=" as UTF-8, every other value as it is. A form that cannot be
    /// decoded stands for itself.
    /// </summary>
    public static string Decode(string value)
    {
        if (
            value.Length < Start.Length + End.Length
            || !value.StartsWith(Start, StringComparison.OrdinalIgnoreCase)
            || !value.EndsWith(End, StringComparison.Ordinal)
        )
            return HeaderText.Decode(value);
        var bytes = new byte[value.Length];
        return
            Convert.TryFromBase64String(value[Start.Length..^End.Length], bytes, out var written) && Utf8.IsValid(bytes.AsSpan(0, written))
            ? Encoding.UTF8.GetString(bytes, 0, written)
            : value;
    }
}
