using AgentReadiness.Guardrail.Schemas;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Reads usage from a captured answer, in whatever shape a provider sent it.</summary>
internal static class AnswerReader
{
    /// <summary>The longest answer that is captured to be read, bytes, also after decompression.</summary>
    public const int LongestCapture = 8 * 1024 * 1024;

    /// <summary>Reads a complete answer: JSON, a JSON array of chunks, or events under another content type; compressed or not.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="coding">See <see cref="ContentCoding.Of"/>.</param>
    /// <param name="facts">Takes what it says.</param>
    /// <param name="watch">Looks at it, too; null: nobody does.</param>
    public static void Read(ReadOnlyMemory<byte> answer, string? coding, ResponseFacts facts, IAnswerWatch? watch = null)
    {
        if (Plain(answer, coding) is not { } plain)
        {
            watch?.Skip(ToolVerdict.Encoded);
            return;
        }
        var start = plain.Span.IndexOfAnyExcept(" \t\r\n"u8);
        if (start < 0)
            return;
        if (plain.Span[start] is (byte)'{' or (byte)'[')
        {
            facts.Whole(plain.Span);
            watch?.Whole(plain.Span);
            return;
        }
        // Its text is there already, and has been asked for.
        using var filter = new SseUsageFilter(facts, hideUsage: false, BodyMemory.Unbounded) { Watch = watch };
        filter.Append(plain.Span);
        while (filter.TryTake(out _, out _)) { }
        filter.TryTakeRest(out _, out _);
        watch?.End();
        if (filter.Done)
            facts.Done();
        else if (!filter.Overflowed)
            facts.End();
    }

    /// <summary>We ask for no compression; where an answer is compressed all the same, a copy is read, of bounded length.</summary>
    private static ReadOnlyMemory<byte>? Plain(ReadOnlyMemory<byte> answer, string? coding)
    {
        if (coding is null)
            return answer;
        if (!ContentCoding.IsKnown(coding))
            return null;
        using var decoder = ContentCoding.Decode(coding, new MemoryStream(answer.ToArray()));
        try
        {
            using var plain = new MemoryStream();
            var buffer = new byte[16 * 1024];
            while (decoder.Read(buffer) is > 0 and var read)
            {
                if (plain.Length + read > LongestCapture)
                    return null;
                plain.Write(buffer, 0, read);
            }
            return plain.ToArray();
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            return null;
        }
    }
}
