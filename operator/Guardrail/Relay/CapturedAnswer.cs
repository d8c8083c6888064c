namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// A copy of an answer that is to be read when all of it has come. Where it is too long, or there is no memory for it, there is none: then
/// nothing is known of the answer.
/// </summary>
/// <param name="memory">Where it is taken from.</param>
internal sealed class CapturedAnswer(BodyMemory memory) : IDisposable
{
    private const int First = 4 * 1024;

    private byte[]? buffer = [];
    private int length;

    /// <summary>The copy so far; null where it was given up.</summary>
    /// <remarks>The null has its type: without it, it would become an empty memory.</remarks>
    public ReadOnlyMemory<byte>? Bytes => buffer is null ? default(ReadOnlyMemory<byte>?) : buffer.AsMemory(0, length);

    /// <summary>Makes room for a piece; false where there is none. Nothing is given up for that.</summary>
    public bool CanAppend(int bytes) => buffer is not null && (length + bytes <= buffer.Length || TryGrow(length + bytes));

    /// <summary>Adds a piece.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        if (buffer is null)
            return;
        if (length + piece.Length > buffer.Length && !TryGrow(length + piece.Length))
        {
            Dispose();
            return;
        }
        piece.CopyTo(buffer.AsSpan(length));
        length += piece.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        memory.Return(buffer?.Length ?? 0);
        buffer = null;
    }

    private bool TryGrow(int least)
    {
        if (least > AnswerReader.LongestCapture)
            return false;
        var next = Math.Min(Math.Max(Math.Max(least, 2 * buffer!.Length), First), AnswerReader.LongestCapture);
        if (!memory.TryTake(next))
            return false;
        var old = buffer.Length;
        Array.Resize(ref buffer, next);
        memory.Return(old);
        return true;
    }
}
