namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// What an event of a stream says: the lines of its data, joined by line feeds, and where each byte of that came from. Pure.
/// </summary>
internal sealed class EventData
{
    private readonly List<(int At, int Origin)> lines;

    private EventData(ReadOnlyMemory<byte> text, List<(int At, int Origin)> lines) => (Text, this.lines) = (text, lines);

    /// <summary>The data; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Text { get; }

    /// <summary>Reads an event.</summary>
    public static EventData Of(ReadOnlyMemory<byte> bytes)
    {
        var lines = new List<(int At, int Origin)>();
        ReadOnlyMemory<byte> text = default;
        List<byte>? joined = null;
        // The mark of UTF-8 may stand before the first event.
        var at = bytes.Span is [0xef, 0xbb, 0xbf, ..] ? 3 : 0;
        while (at < bytes.Length)
        {
            var stop = bytes.Span[at..].IndexOfAny((byte)'\n', (byte)'\r');
            var end = stop < 0 ? bytes.Length : at + stop;
            var line = bytes[at..end];
            if (line.Span.StartsWith("data:"u8))
            {
                var skip = line.Span.StartsWith("data: "u8) ? 6 : 5;
                if (lines.Count == 0)
                {
                    text = line[skip..];
                    lines.Add((0, at + skip));
                }
                else
                {
                    joined ??= [.. text.Span];
                    joined.Add((byte)'\n');
                    lines.Add((joined.Count, at + skip));
                    joined.AddRange(line.Span[skip..]);
                }
            }
            at = end + 1;
        }
        return new EventData(joined is null ? text : joined.ToArray(), lines);
    }

    /// <summary>The place in the event that a place in the data came from.</summary>
    public int Origin(int at)
    {
        var line = lines.FindLast(line => line.At <= at);
        return line.Origin + at - line.At;
    }
}
