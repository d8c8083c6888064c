using System.Runtime.InteropServices;
using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Cuts a server-sent-event stream into events as soon as each is complete, reads usage from their data, and hides what is there only
/// because usage was asked for: its chunk, and the member <c>"usage":null</c> of the others. No other byte is changed. Holds at most one
/// unfinished event.
/// </summary>
/// <param name="facts">Takes what the events say.</param>
/// <param name="hideUsage">Usage was asked for by us and not by the agent.</param>
/// <param name="memory">Where an event that is longer than most is taken from; where there is none, the event is passed on unread.</param>
/// <param name="longestEvent">Bytes.</param>
internal sealed class SseUsageFilter(
    ResponseFacts facts,
    bool hideUsage,
    BodyMemory memory,
    int longestEvent = SseUsageFilter.DefaultLongestEvent
) : IDisposable
{
    /// <summary>An event longer than this, in bytes, is passed on unread, and the call's usage is then not proven.</summary>
    public const int DefaultLongestEvent = 8 * 1024 * 1024;

    // What every stream may hold: the buffer that it begins with, and that for one piece of an answer beside it.
    private const int Unasked = 64 * 1024;

    private byte[] buffer = new byte[4096];
    private long taken;
    private bool isShort;
    private int start;
    private int end;
    private int scan;
    private int lineLength;

    /// <summary>Looks at each event, too; null: nobody does.</summary>
    public IAnswerWatch? Watch { get; init; }

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
            var target = held + bytes.Length > buffer.Length ? Larger(held + bytes.Length) : buffer;
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
            isShort = false;
            show = Inspect(ref bytes);
            return true;
        }
        if (end - start > longestEvent || (isShort && end > start))
        {
            Overflowed = true;
            isShort = false;
            Watch?.Skip(ToolVerdict.TooLong);
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

    /// <summary>
    /// What is left when the stream has ended: an event without its blank line. Some servers end like that, and clients read it.
    /// </summary>
    public bool TryTakeRest(out ReadOnlyMemory<byte> bytes, out bool show)
    {
        bytes = buffer.AsMemory(start, end - start);
        start = scan = end;
        show = bytes.Length > 0 && Inspect(ref bytes);
        return bytes.Length > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        memory.Return(taken);
        taken = 0;
    }

    /// <summary>
    /// A larger buffer. What is beyond the share of every stream is asked for; where it is not there, the event goes on unread.
    /// </summary>
    private byte[] Larger(int least)
    {
        var size = Math.Max(buffer.Length * 2, least);
        if (size > Unasked)
        {
            var more = size - taken;
            if (memory.TryTake(more))
            {
                taken += more;
            }
            else
            {
                isShort = true;
                size = least;
            }
        }
        return new byte[size];
    }

    private bool Inspect(ref ReadOnlyMemory<byte> bytes)
    {
        var text = bytes.Span;
        var data = default(ReadOnlySpan<byte>);
        var dataAt = 0;
        Joined? joined = null;
        var lines = 0;
        var at = 0;
        while (at < text.Length)
        {
            var stop = text[at..].IndexOfAny((byte)'\n', (byte)'\r');
            var line = stop < 0 ? text[at..] : text.Slice(at, stop);
            var lineAt = at;
            at += line.Length + 1;
            if (!line.StartsWith("data:"u8))
                continue;
            var skip = line is [_, _, _, _, _, (byte)' ', ..] ? "data: ".Length : "data:".Length;
            line = line[skip..];
            lineAt += skip;
            if (++lines == 1)
            {
                data = line;
                dataAt = lineAt;
                continue;
            }
            // Several data lines of one event are one text, joined by line feeds (WHATWG HTML, 9.2.6).
            joined ??= new Joined(data, dataAt);
            joined.Add(line, lineAt);
        }
        if (joined is not null)
            data = joined.Text;
        if (data.SequenceEqual("[DONE]"u8))
        {
            Done = true;
            Watch?.End();
            return true;
        }
        if (data.IsEmpty)
            return true;
        facts.Read(data, out var usageOnly);
        Watch?.Event(data);
        if (!hideUsage)
            return true;
        if (facts.NullUsage is { } member)
        {
            var (from, to) = WithComma(data, member.Start.Value, member.End.Value);
            bytes = joined is null ? Cut(bytes, dataAt + from, dataAt + to) : Cut(bytes, joined.Origin(from), joined.Origin(to));
        }
        return !usageOnly;
    }

    /// <summary>
    /// A member of an object with the comma that goes with it: the one before, or where it is the first, the one after and the space up to
    /// the next.
    /// </summary>
    private static (int From, int To) WithComma(ReadOnlySpan<byte> json, int from, int to)
    {
        var before = json[..from].LastIndexOfAnyExcept(" \t\r\n"u8);
        if (json[before] == ',')
            return (before, to);
        var after = to + json[to..].IndexOfAnyExcept(" \t\r\n"u8);
        if (json[after] != ',')
            return (from, to);
        return (from, after + 1 + json[(after + 1)..].IndexOfAnyExcept(" \t\r\n"u8));
    }

    /// <summary>Takes bytes out of an event where it stands: nobody else looks at this part of the buffer any more.</summary>
    private static ReadOnlyMemory<byte> Cut(ReadOnlyMemory<byte> bytes, int from, int to)
    {
        var held = MemoryMarshal.AsMemory(bytes);
        held[to..].CopyTo(held[from..]);
        return held[..^(to - from)];
    }

    /// <summary>Data of several lines, and where each came from.</summary>
    private sealed class Joined
    {
        private readonly List<byte> text = [];
        private readonly List<(int At, int Origin)> lines = [];

        public Joined(ReadOnlySpan<byte> first, int origin) => Add(first, origin);

        public byte[] Text => [.. text];

        public void Add(ReadOnlySpan<byte> line, int origin)
        {
            if (lines.Count > 0)
                text.Add((byte)'\n');
            lines.Add((text.Count, origin));
            text.AddRange(line);
        }

        /// <summary>The place in the event that a byte came from.</summary>
        public int Origin(int at)
        {
            var line = lines.FindLast(l => l.At <= at);
            return line.Origin + at - line.At;
        }
    }
}
