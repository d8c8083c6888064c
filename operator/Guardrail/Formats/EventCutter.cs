namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// Finds where server-sent events end, however their bytes are cut into pieces (WHATWG HTML, 9.2.6): behind a line that is empty. A line
/// ends with CR, LF or both.
/// </summary>
internal sealed class EventCutter
{
    private bool isLineBegun;
    private bool isAfterCr;

    /// <summary>The bytes up to the end of the event, its empty line included; -1 where it goes on behind these bytes.</summary>
    public int Next(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (isAfterCr && bytes.Length > 0)
        {
            isAfterCr = false;
            // The rest of an end of line. Where that ended an event, it goes on at once, so that nobody waits for it.
            if (bytes[0] == '\n' && !isLineBegun)
                at = 1;
        }
        while (at < bytes.Length)
        {
            var stop = bytes[at..].IndexOfAny((byte)'\n', (byte)'\r');
            if (stop < 0)
            {
                isLineBegun = true;
                return -1;
            }
            var isEmpty = stop == 0 && !isLineBegun;
            isLineBegun = false;
            at += stop + 1;
            if (bytes[at - 1] == '\r')
            {
                isAfterCr = at == bytes.Length;
                if (!isAfterCr && bytes[at] == '\n')
                    at++;
            }
            if (isEmpty)
                return at;
        }
        return -1;
    }
}
