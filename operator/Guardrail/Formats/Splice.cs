using System.Text;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Bytes to put into a body: <paramref name="Remove"/> bytes at <paramref name="Offset"/> give way to <paramref name="Insert"/>.
/// </summary>
internal readonly record struct Splice(int Offset, int Remove, ReadOnlyMemory<byte> Insert)
{
    /// <summary>A splice of ASCII text.</summary>
    public static Splice Of(int offset, int remove, string text) => new(offset, remove, Encoding.ASCII.GetBytes(text));
}
