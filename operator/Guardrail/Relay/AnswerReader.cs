using System.IO.Compression;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Relay;

/// <summary>Reads usage from a captured answer, in whatever shape a provider sent it.</summary>
internal static class AnswerReader
{
    /// <summary>The longest answer that is captured to be read, bytes, also after decompression.</summary>
    public const int LongestCapture = 8 * 1024 * 1024;

    /// <summary>Reads a complete answer: JSON, a JSON array of chunks, or events under another content type; compressed or not.</summary>
    public static void Read(ReadOnlyMemory<byte> answer, string? encoding, ResponseFacts facts)
    {
        if (Plain(answer, encoding) is not { } plain)
            return;
        var start = plain.Span.IndexOfAnyExcept(" \t\r\n"u8);
        if (start < 0)
            return;
        if (plain.Span[start] is (byte)'{' or (byte)'[')
        {
            facts.Whole(plain.Span);
            return;
        }
        var filter = new SseUsageFilter(facts, hideUsage: false);
        filter.Append(plain.Span);
        while (filter.TryTake(out _, out _)) { }
        filter.TryTakeRest(out _, out _);
        if (!filter.Overflowed)
            facts.End();
    }

    /// <summary>We ask for no compression; where an answer is compressed all the same, a copy is read, of bounded length.</summary>
    private static ReadOnlyMemory<byte>? Plain(ReadOnlyMemory<byte> answer, string? encoding)
    {
        if (string.IsNullOrEmpty(encoding) || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            return answer;
        using var source = new MemoryStream(answer.ToArray());
        using Stream? decoder = encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "deflate" => new ZLibStream(source, CompressionMode.Decompress),
            _ => null,
        };
        if (decoder is null)
            return null;
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
