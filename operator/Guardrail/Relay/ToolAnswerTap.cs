using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>
/// Gives a tool's answer to a reader. Where the reader may put something in, each text waits until it is whole: an event of a stream, or
/// the body of an answer that is none. What is longer than <see cref="LongestHeld"/> goes on unread, or the answer is cut there where the
/// reader says so. No other byte is changed.
/// </summary>
/// <param name="reader">Reads it.</param>
/// <param name="terms">How it is passed on.</param>
/// <param name="memory">Where what is held is taken from.</param>
internal sealed class ToolAnswerTap(IAnswerReader reader, ToolAnswerTap.Terms terms, BodyMemory memory) : RelayTap
{
    /// <summary>The longest text that is held, bytes.</summary>
    public const int LongestHeld = 1024 * 1024;

    private const int First = 4 * 1024;

    private readonly EventCutter cutter = new();
    private byte[] held = [];
    private int length;
    private bool isPassed;
    private bool isSkipping;
    private ReadOnlyMemory<byte> rest;
    private ReadOnlyMemory<byte> behind;
    private ReadOnlyMemory<byte>? tail;

    /// <summary>How an answer is passed on.</summary>
    /// <param name="IsStream">It is a stream.</param>
    /// <param name="IsEvents">Its texts are the events of a stream.</param>
    /// <param name="Holds">It waits until it was read.</param>
    /// <param name="Changes">What the reader wants to put in is put in.</param>
    /// <param name="Coding">How it is coded; see <see cref="RelayTap.Undoes"/>.</param>
    internal readonly record struct Terms(bool IsStream, bool IsEvents, bool Holds, bool Changes, string? Coding)
    {
        /// <summary>Its texts are its lines.</summary>
        public bool IsLines { get; init; }

        /// <summary>What is found decides on status and headers, too.</summary>
        public bool DecidesHeaders { get; init; }
    }

    /// <inheritdoc/>
    public override bool IsStream => terms.IsStream;

    /// <inheritdoc/>
    public override bool MayChange => terms.Changes;

    // Of an answer that is changed, its text tells of the failure; of one that only waits, a header does.
    /// <inheritdoc/>
    public override bool HoldsHeaders => terms is { Holds: true, Changes: false } or { Holds: true, DecidesHeaders: true };

    /// <inheritdoc/>
    public override string? Cut => tail is null ? null : "a text was not read";

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> CutTail => tail ?? default;

    /// <inheritdoc/>
    public override string? Undoes => terms.Coding;

    /// <inheritdoc/>
    public override bool EndsLong => length > AnswerRelay.LongText;

    /// <inheritdoc/>
    public override void Append(ReadOnlyMemory<byte> piece)
    {
        Reset();
        rest = piece;
        if (terms.Holds)
            return;
        // It goes on as it came, and is read beside that.
        while (Next(out _)) { }
        rest = piece;
    }

    /// <inheritdoc/>
    public override bool TryTake(out ReadOnlyMemory<byte> bytes)
    {
        if (terms.Holds)
        {
            if (!Next(out bytes))
                return false;
        }
        else
        {
            (bytes, rest) = (rest, default);
            if (bytes.Length == 0)
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> End()
    {
        Reset();
        // The last event may lack its empty line.
        var last = isSkipping || (length == 0 && terms.IsEvents) ? default : Read(held.AsMemory(0, length));
        return terms.Holds ? last : default;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        memory.Return(held.Length);
        held = [];
        base.Dispose();
    }

    /// <summary>The next bytes that have been read, or that are not read any more.</summary>
    private bool Next(out ReadOnlyMemory<byte> bytes)
    {
        Reset();
        if (behind.Length > 0)
        {
            (bytes, behind) = (behind, default);
            return true;
        }
        bytes = default;
        if (rest.Length == 0)
            return false;
        var end =
            terms.IsEvents ? cutter.Next(rest.Span)
            : terms.IsLines ? rest.Span.IndexOf((byte)'\n') + 1
            : -1;
        end = end == 0 ? -1 : end;
        var part = end < 0 ? rest : rest[..end];
        rest = rest[part.Length..];
        if (isSkipping)
        {
            isSkipping = end < 0;
            bytes = part;
            return true;
        }
        if (end >= 0 && length == 0)
        {
            bytes = Read(part);
            return true;
        }
        if (!TryHold(part.Span))
        {
            reader.Skip(UnreadAnswer.TooLong);
            if (terms.Holds && reader.Tail is { } instead)
            {
                tail = instead;
                bytes = default;
                return true;
            }
            isSkipping = end < 0;
            bytes = part;
            if (length > 0)
                (bytes, behind) = (held.AsMemory(0, length), part);
            isPassed = true;
            return true;
        }
        if (end < 0)
            return false;
        bytes = Read(held.AsMemory(0, length));
        isPassed = true;
        return true;
    }

    private bool TryHold(ReadOnlySpan<byte> part)
    {
        var least = length + part.Length;
        if (least > LongestHeld)
            return false;
        if (least > held.Length)
        {
            var size = Math.Min(Math.Max(Math.Max(least, 2 * held.Length), First), LongestHeld);
            if (!memory.TryTake(size))
                return false;
            memory.Return(held.Length);
            Array.Resize(ref held, size);
        }
        part.CopyTo(held.AsSpan(length));
        length = least;
        return true;
    }

    // What was handed out is in nobody's hands any more when the next call comes.
    private void Reset()
    {
        if (isPassed)
            length = 0;
        isPassed = false;
    }

    private ReadOnlyMemory<byte> Read(ReadOnlyMemory<byte> bytes)
    {
        var data = terms.IsEvents ? EventData.Of(bytes) : null;
        if (data is { Text.Length: 0 })
            return bytes;
        var splices = reader.Read(data?.Text ?? bytes);
        if (splices.Count == 0 || !terms.Changes)
            return bytes;
        var changed = new byte[bytes.Length + splices.Sum(splice => splice.Insert.Length)];
        var (from, to) = (0, 0);
        foreach (var splice in splices)
        {
            var at = data?.Origin(splice.Offset) ?? splice.Offset;
            bytes[from..at].CopyTo(changed.AsMemory(to));
            to += at - from;
            splice.Insert.CopyTo(changed.AsMemory(to));
            to += splice.Insert.Length;
            from = splice.Remove == 0 ? at : data?.Origin(splice.Offset + splice.Remove) ?? splice.Offset + splice.Remove;
        }
        bytes[from..].CopyTo(changed.AsMemory(to));
        return changed.AsMemory(0, to + bytes.Length - from);
    }
}
