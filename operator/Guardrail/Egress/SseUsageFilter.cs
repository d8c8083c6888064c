using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail;

/// <summary>
/// Cuts a server-sent-event stream into events as soon as each is complete, reads usage from their data, and tells which one the client did
/// not ask for. Bytes are never changed. Holds at most one unfinished event.
/// </summary>
internal sealed class SseUsageFilter(ResponseFacts facts, bool hideUsage, int longestEvent = SseUsageFilter.DefaultLongestEvent)
{
    /// <summary>An event longer than this, in bytes, is passed on unread, and the call's usage is then not proven.</summary>
    public const int DefaultLongestEvent = 8 * 1024 * 1024;

    private byte[] buffer = new byte[4096];
    private int start;
    private int end;
    private int scan;
    private int lineLength;

    /// <summary>The stream said <c>[DONE]</c>.</summary>
    public bool Done { get; private set; }

    /// <summary>An event was too long to read.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Adds bytes; then call <see cref="TryTake"/> until it is false.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (buffer.Length - end < bytes.Length)
        {
            var held = end - start;
            var target = held + bytes.Length > buffer.Length ? new byte[Math.Max(buffer.Length * 2, held + bytes.Length)] : buffer;
            buffer.AsSpan(start, held).CopyTo(target);
            buffer = target;
            scan -= start;
            end = held;
            start = 0;
        }
        bytes.CopyTo(buffer.AsSpan(end));
        end += bytes.Length;
    }

    /// <summary>The next complete event, its blank line included.</summary>
    /// <param name="bytes">Valid until the next call of any method.</param>
    /// <param name="show">False for the usage chunk that the client did not ask for.</param>
    public bool TryTake(out ReadOnlyMemory<byte> bytes, out bool show)
    {
        while (scan < end)
        {
            var rest = buffer.AsSpan(scan, end - scan);
            var stop = rest.IndexOfAny((byte)'\n', (byte)'\r');
            if (stop < 0)
            {
                lineLength += rest.Length;
                scan = end;
                break;
            }
            lineLength += stop;
            var terminator = 1;
            if (rest[stop] == '\r')
            {
                if (stop + 1 == rest.Length)
                {
                    // The next byte tells whether this line ends with CR or CRLF.
                    scan += stop;
                    break;
                }
                terminator = rest[stop + 1] == '\n' ? 2 : 1;
            }
            scan += stop + terminator;
            if (lineLength > 0)
            {
                lineLength = 0;
                continue;
            }
            bytes = buffer.AsMemory(start, scan - start);
            start = scan;
            show = Inspect(bytes.Span);
            return true;
        }
        if (end - start > longestEvent)
        {
            Overflowed = true;
            bytes = buffer.AsMemory(start, end - start);
            show = true;
            start = scan = end;
            // What follows belongs to the same event: it must not look like the start of a new one.
            lineLength = Math.Max(lineLength, 1);
            return true;
        }
        if (start == end)
            start = end = scan = 0;
        bytes = default;
        show = false;
        return false;
    }

    /// <summary>What is left when the stream has ended: an event without its blank line. Some servers end like that, and clients read it.</summary>
    public bool TryTakeRest(out ReadOnlyMemory<byte> bytes, out bool show)
    {
        bytes = buffer.AsMemory(start, end - start);
        start = scan = end;
        show = bytes.Length > 0 && Inspect(bytes.Span);
        return bytes.Length > 0;
    }

    private bool Inspect(ReadOnlySpan<byte> text)
    {
        var data = default(ReadOnlySpan<byte>);
        List<byte>? joined = null;
        var lines = 0;
        while (!text.IsEmpty)
        {
            var stop = text.IndexOfAny((byte)'\n', (byte)'\r');
            var line = stop < 0 ? text : text[..stop];
            text = stop < 0 ? default : text[(stop + 1)..];
            if (!line.StartsWith("data:"u8))
                continue;
            line = line["data:"u8.Length..];
            if (line is [(byte)' ', ..])
                line = line[1..];
            if (++lines == 1)
            {
                data = line;
                continue;
            }
            // Several data lines of one event are one text, joined by line feeds (WHATWG HTML, 9.2.6).
            joined ??= [.. data];
            joined.Add((byte)'\n');
            joined.AddRange(line);
        }
        if (joined is not null)
            data = joined.ToArray();
        if (data.SequenceEqual("[DONE]"u8))
        {
            Done = true;
            return true;
        }
        if (data.IsEmpty)
            return true;
        facts.Read(data, out var usageOnly);
        return !(usageOnly && hideUsage);
    }
}
