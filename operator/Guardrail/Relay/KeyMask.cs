using System.Text;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Strikes our key out of an answer that has it in it, so that an upstream which repeats what it was sent does not hand the key to the
/// agent. The length stays. A key that is written in another way (in base64, or with escapes) is not found.
/// </summary>
/// <param name="key">The key.</param>
internal sealed class KeyMask(string key)
{
    private const byte Struck = (byte)'*';

    // What is shorter is a placeholder for a provider that asks for no key, and may be a word that an answer uses.
    private const int Shortest = 12;

    // A key holds visible ASCII only.
    private readonly byte[] sought = Encoding.ASCII.GetBytes(key);

    /// <summary>The mask for a key; null where there is none, or it is too short to be a secret.</summary>
    public static KeyMask? Of(string? key) => key?.Length >= Shortest ? new KeyMask(key) : null;

    /// <summary>Strikes the key out.</summary>
    /// <param name="bytes">A piece of the answer, with what was held back before.</param>
    /// <returns>How many bytes at the end are the beginning of the key, and are to be held back until more has come.</returns>
    public int Strike(Span<byte> bytes)
    {
        while (bytes.IndexOf(sought) is >= 0 and var at)
        {
            bytes.Slice(at, sought.Length).Fill(Struck);
            bytes = bytes[(at + sought.Length)..];
        }
        for (var held = Math.Min(sought.Length - 1, bytes.Length); held > 0; held--)
        {
            if (bytes[^held..].SequenceEqual(sought.AsSpan(0, held)))
                return held;
        }
        return 0;
    }
}
