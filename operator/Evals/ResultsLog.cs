using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Evals;

/// <summary>
/// Results on their way from a pod to the operator: as native text, compressed, as a block of lines in a container's log. The digest
/// comes another way, in the termination message, so that nothing else that is printed can pass for the block.
/// </summary>
public static class ResultsLog
{
    /// <summary>What the member "format" of a native text says.</summary>
    public const string NativeFormat = "agentreadiness.dev/results/v1";

    /// <summary>Of a log that is read: 64 MiB.</summary>
    public const int MaxLogBytes = 64 * 1024 * 1024;

    /// <summary>Of a native text: 256 MiB.</summary>
    public const int MaxNativeBytes = 256 * 1024 * 1024;

    private const int LineLength = 8000;
    private const string Begin = "-----BEGIN AGENT READINESS RESULTS v1";
    private const string End = "-----END AGENT READINESS RESULTS v1-----";

    /// <summary>
    /// The canonical native text: the same results give the same bytes, and <see cref="ResultsReader.Read"/> gives back their cases.
    /// </summary>
    /// <param name="results">Without problems.</param>
    /// <exception cref="ArgumentException">The results have problems.</exception>
    /// <exception cref="InvalidDataException">The text would be longer than <see cref="MaxNativeBytes"/>.</exception>
    public static byte[] Native(EvalResults results)
    {
        if (results.Problems.Count > 0)
            throw new ArgumentException("results with problems have no text", nameof(results));
        var text = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        json.WriteString("format", NativeFormat);
        json.WriteNumber("cases", results.Cases.Count);
        EndLine(json, text);
        foreach (var one in results.Cases.OrderBy(one => one.Id, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            WriteCase(json, one);
            EndLine(json, text);
            if (text.WrittenCount > MaxNativeBytes)
                throw new InvalidDataException($"the results are more than {MaxNativeBytes} bytes");
        }
        return text.WrittenSpan.ToArray();
    }

    /// <summary>SHA-256 of a native text, in hex.</summary>
    public static string Digest(ReadOnlySpan<byte> native) => Convert.ToHexStringLower(SHA256.HashData(native));

    /// <summary>Prints a native text as a block of lines.</summary>
    /// <returns>False where it is longer than what <see cref="TryRead"/> reads; then nothing is printed.</returns>
    public static bool Write(TextWriter log, ReadOnlySpan<byte> native)
    {
        if (native.Length > MaxNativeBytes)
            return false;
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(native);
        var bytes = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        // A part of the log stays for what else is in it.
        if (bytes.Length > MaxLogBytes / 8 * 5)
            return false;
        log.Write(string.Create(CultureInfo.InvariantCulture, $"{Begin} bytes={native.Length} sha256={Digest(native)}-----\n"));
        const int perLine = LineLength / 4 * 3;
        for (var at = 0; at < bytes.Length; at += perLine)
        {
            log.Write(Convert.ToBase64String(bytes[at..Math.Min(at + perLine, bytes.Length)]));
            log.Write('\n');
        }
        log.Write(End + "\n");
        log.Flush();
        return true;
    }

    /// <summary>
    /// Finds the block of a digest in a log. Whatever else the log holds, blocks of other digests, cut ones and bombs among it, is passed
    /// over.
    /// </summary>
    /// <param name="log">From where it is; it need not be seekable, and stays open.</param>
    /// <param name="expectedDigest">SHA-256 in hex, as the termination message says it.</param>
    /// <param name="native">The text.</param>
    /// <param name="problem">Why there is none.</param>
    /// <exception cref="IOException">The stream cannot be read. What it holds throws nothing.</exception>
    public static bool TryRead(Stream log, string expectedDigest, out byte[]? native, out string? problem)
    {
        native = null;
        problem = null;
        if (expectedDigest.Length != 64 || !expectedDigest.All(char.IsAsciiHexDigitLower))
        {
            problem = "the digest that is looked for is no SHA-256";
            return false;
        }
        var search = new Search(expectedDigest);
        var buffer = new byte[64 * 1024];
        var line = new byte[LineLength + 1];
        var (length, total) = (0, 0L);
        int read;
        while ((read = log.Read(buffer)) > 0)
        {
            total += read;
            if (total > MaxLogBytes)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"the log has more than {MaxLogBytes} bytes; {search.Seen}");
                return false;
            }
            foreach (var value in buffer.AsSpan(0, read))
            {
                if (value != '\n')
                {
                    // A longer line is none of ours: its length alone is remembered, up to where it is too long.
                    if (length < line.Length)
                        line[length] = value;
                    length = Math.Min(length + 1, line.Length + 1);
                    continue;
                }
                native = search.Line(line.AsSpan(0, Math.Min(length, line.Length)), length > line.Length);
                length = 0;
                if (native is not null)
                    return true;
            }
        }
        // The last line may lack its end.
        native = search.Line(line.AsSpan(0, Math.Min(length, line.Length)), length > line.Length);
        problem = native is null ? search.Seen : null;
        return native is not null;
    }

    private static void WriteCase(Utf8JsonWriter json, MeasuredCase one)
    {
        json.WriteString("id", one.Id);
        switch (one.Outcome)
        {
            case CaseOutcome.Errored:
                json.WriteString("error", one.Fault ?? "no result");
                break;
            case CaseOutcome.Skipped:
                json.WriteBoolean("skipped", true);
                if (one.Fault is not null)
                    json.WriteString("reason", one.Fault);
                break;
            default:
                // The shortest text that is read as the same number.
                json.WriteNumber("score", one.Score);
                json.WriteBoolean("passed", one.Outcome == CaseOutcome.Passed);
                break;
        }
        if (one.Repeats > (one.Outcome == CaseOutcome.Errored ? 0 : 1))
            json.WriteNumber("repeats", one.Repeats);
        if (one.Weight != 1)
            json.WriteNumber("weight", one.Weight);
        if (one.Tags.Count > 0)
        {
            json.WriteStartArray("tags");
            foreach (var tag in one.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
        }
        if (one.Faults.Count > 0)
        {
            json.WriteStartArray("faults");
            foreach (var fault in one.Faults)
                json.WriteStringValue(fault);
            json.WriteEndArray();
        }
        if (one.Cost is { } cost)
            json.WriteString("cost", cost.ToString(CultureInfo.InvariantCulture));
        if (one.Fallbacks is { } fallbacks)
            json.WriteNumber("fallbacks", fallbacks);
        if (one.Latency is { } latency)
            json.WriteNumber("latency", (decimal)latency.Ticks / TimeSpan.TicksPerSecond);
    }

    /// <summary>
    /// The native text packed into a short message; null where it is longer than <see cref="ReporterMessage.MaxInline"/> characters.
    /// </summary>
    public static string? Inline(ReadOnlySpan<byte> native)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(native);
        var text = Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
        return text.Length <= ReporterMessage.MaxInline ? text : null;
    }

    /// <summary>Unpacks what <see cref="Inline"/> packed. Never throws, whatever the text is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="expectedDigest">SHA-256 of the native text in hex.</param>
    /// <param name="native">The native text.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryInline(
        string text,
        string expectedDigest,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? native,
        out string problem
    )
    {
        native = null;
        problem = "the results in the message are broken";
        if (text.Length > ReporterMessage.MaxInline)
            return false;
        try
        {
            using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(text)), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = gzip.Read(buffer)) > 0)
            {
                // Deflate packs at most about 1,000 to 1.
                if (plain.Length + read > 1024 * 1024)
                    return false;
                plain.Write(buffer, 0, read);
            }
            var bytes = plain.ToArray();
            if (Digest(bytes) != expectedDigest)
            {
                problem = "the results in the message are others than their digest says";
                return false;
            }
            native = bytes;
            return true;
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException)
        {
            problem = "the results in the message are broken";
            return false;
        }
    }

    private static void EndLine(Utf8JsonWriter json, ArrayBufferWriter<byte> text)
    {
        json.WriteEndObject();
        json.Flush();
        json.Reset();
        text.Write("\n"u8);
    }

    /// <summary>Follows the lines of a log.</summary>
    private sealed class Search(string digest)
    {
        // Over all blocks: a log of nothing but bombs ends soon.
        private long unpackable = 2L * MaxNativeBytes;
        private MemoryStream? block;
        private int size;

        public string Seen { get; private set; } = "the log holds no results of this digest";

        /// <summary>Takes a line without its end; the text where it completes the block that is looked for.</summary>
        public byte[]? Line(Span<byte> line, bool tooLong)
        {
            if (line is [.., (byte)'\r'])
                line = line[..^1];
            if (!tooLong && line.StartsWith("-----"u8))
            {
                var text = Encoding.ASCII.GetString(line);
                if (text == End && block is not null)
                {
                    var found = Unpack(block);
                    block = null;
                    return found;
                }
                block = IsBegin(text, out size) ? new MemoryStream() : null;
                if (block is not null)
                    Seen = "the results in the log are cut off";
                return null;
            }
            if (block is null)
                return null;
            if (tooLong || line.Length > LineLength || Base64.DecodeFromUtf8InPlace(line, out var count) != OperationStatus.Done)
            {
                Seen = "the results in the log are broken";
                block = null;
                return null;
            }
            block.Write(line[..count]);
            return null;
        }

        private bool IsBegin(string text, out int bytes)
        {
            bytes = 0;
            var end = $" sha256={digest}-----";
            const string start = Begin + " bytes=";
            return text.StartsWith(start, StringComparison.Ordinal)
                && text.EndsWith(end, StringComparison.Ordinal)
                && text.Length > start.Length + end.Length
                && int.TryParse(
                    text.AsSpan(start.Length, text.Length - start.Length - end.Length),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out bytes
                )
                && bytes <= MaxNativeBytes;
        }

        private byte[]? Unpack(MemoryStream packed)
        {
            packed.Position = 0;
            try
            {
                using var gzip = new GZipStream(packed, CompressionMode.Decompress);
                using var text = new MemoryStream();
                var buffer = new byte[64 * 1024];
                int read;
                while ((read = gzip.Read(buffer)) > 0)
                {
                    unpackable -= read;
                    // More than it says of itself: a bomb, or another text than the digest's.
                    if (unpackable < 0 || text.Length + read > size)
                    {
                        Seen = "the results in the log unpack to more than they say";
                        return null;
                    }
                    text.Write(buffer, 0, read);
                }
                var bytes = text.ToArray();
                if (bytes.Length == size && Digest(bytes) == digest)
                    return bytes;
                Seen = "the results in the log are others than their digest says";
            }
            catch (InvalidDataException)
            {
                Seen = "the results in the log are broken";
            }
            return null;
        }
    }
}
