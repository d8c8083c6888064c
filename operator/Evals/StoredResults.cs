using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace AgentReadiness.Evals;

/// <summary>How much of an evaluation a stored text holds.</summary>
/// <param name="Kept">Cases in the text, 0 to <see cref="ResultsReader.MaxCases"/>; 0 for a text that cannot be read.</param>
/// <param name="Total">Cases of the evaluation, at least <paramref name="Kept"/>.</param>
public sealed record StoredInfo(int Kept, int Total)
{
    /// <summary>Whether cases were left out because they did not fit.</summary>
    public bool IsSample => Kept < Total;
}

/// <summary>
/// Results of a run as a short text, to be the baseline of a later one: ID, outcome, score and repeats of each case. Tags, faults,
/// costs and weights are left out: a comparison takes them from the newer results. Where not all cases fit, those whose ID has the
/// lowest SHA-256 stay, so that two runs of one suite keep the same cases, whatever their scores.
/// </summary>
/// <remarks>
/// The text is "r1." and, in base64, the first 8 bytes of a body's SHA-256 and the body in Brotli (RFC 7932). The body is columns, which
/// compress better than rows: cases in all, cases kept, the format; then of all cases kept, by ID in ordinal order, the length in bytes
/// of what an ID has in common with the one before, the length of the rest, the rests in UTF-8, one byte of outcome and kind of score,
/// the repeats, and the scores that are neither 0 nor 1 as IEEE 754 doubles, little-endian. Numbers are LEB128.
/// </remarks>
public static class StoredResults
{
    /// <summary>Length of a text, in characters; all of them are ASCII.</summary>
    public const int MaxChars = 16 * 1024;

    private const string Version = "r1.";
    private const int DigestBytes = 8;
    private const int MaxId = 512;
    private const int MaxFormat = 64;

    // What unpacking may cost, for the body and for the IDs in full; the same bound holds when it is packed.
    private const int MaxBody = 8 * 1024 * 1024;
    private const int MaxBytes = (MaxChars - 3) / 4 * 3;

    private const int ScoreIsOne = 4;
    private const int ScoreFollows = 8;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Packs results. The same results give the same text.</summary>
    /// <param name="results">Those with a problem are stored as none, and decoded as unusable.</param>
    /// <returns>At most <see cref="MaxChars"/> characters.</returns>
    public static string Encode(EvalResults results)
    {
        var all = results.Problems.Count > 0 ? [] : results.Cases;
        // The digest of an ID does not depend on the run, nor on its neighbours.
        var ranked = all.Select(one => (Case: one, Rank: Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(one.Id)))))
            .OrderBy(one => one.Rank, StringComparer.Ordinal)
            .Select(one => one.Case)
            .Take(ResultsReader.MaxCases)
            .ToList();
        if (Pack(results.Format, ranked, all.Count) is { } whole)
            return whole;
        var (kept, tooMany) = (0, Math.Min(ranked.Count, 512));
        var text = Pack(null, [], all.Count)!;
        // From below: to pack a hundred thousand cases again and again would take seconds.
        while (tooMany < ranked.Count && Pack(results.Format, ranked[..tooMany], all.Count) is { } more)
            (kept, text, tooMany) = (tooMany, more, Math.Min(ranked.Count, tooMany * 2));
        while (tooMany - kept > 1)
        {
            var middle = kept + ((tooMany - kept) / 2);
            if (Pack(results.Format, ranked[..middle], all.Count) is { } fits)
                (kept, text) = (middle, fits);
            else
                tooMany = middle;
        }
        return text;
    }

    /// <summary>Unpacks what <see cref="Encode"/> wrote. Never throws, whatever the text.</summary>
    /// <returns>
    /// The cases, by ID, with <see cref="EvalResults.SampledFrom"/> where some were left out; or no cases and the problem
    /// <see cref="EvalReasons.BaselineUnusable"/>.
    /// </returns>
    public static EvalResults Decode(string? text)
    {
        try
        {
            var body = new Body(Unpack(text));
            var (total, kept, format) = body.Head();
            if (kept == 0)
                throw new FormatException("no case is stored");
            return new EvalResults
            {
                Format = format,
                Cases = body.Cases(kept),
                SampledFrom = kept < total ? total : null,
            };
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            return new EvalResults
            {
                Problems = [new ResultsProblem(EvalReasons.BaselineUnusable, $"the stored results cannot be read: {exception.Message}")],
            };
        }
    }

    /// <summary>How many cases a text holds, and of how many. Never throws; a text that cannot be read holds none.</summary>
    public static StoredInfo Info(string text)
    {
        try
        {
            var (total, kept, _) = new Body(Unpack(text)).Head();
            return new StoredInfo(kept, total);
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            return new StoredInfo(0, 0);
        }
    }

    // Null where it is too long.
    private static string? Pack(string? format, IReadOnlyList<MeasuredCase> kept, int total)
    {
        if (Write(format, [.. kept.OrderBy(one => one.Id, StringComparer.Ordinal)], total) is not { } body)
            return null;
        var packed = new byte[DigestBytes + BrotliEncoder.GetMaxCompressedLength(body.Length)];
        SHA256.HashData(body).AsSpan(0, DigestBytes).CopyTo(packed);
        if (
            !BrotliEncoder.TryCompress(body, packed.AsSpan(DigestBytes), out var length, quality: 6, window: 22)
            || length + DigestBytes > MaxBytes
        )
            return null;
        return Version + Convert.ToBase64String(packed, 0, length + DigestBytes);
    }

    private static byte[]? Write(string? format, MeasuredCase[] cases, int total)
    {
        var name = Encoding.UTF8.GetBytes(format is { Length: <= MaxFormat } ? format : string.Empty);
        var (head, shared, lengths, rests, kinds, repeats, scores) = (
            new MemoryStream(),
            new MemoryStream(),
            new MemoryStream(),
            new MemoryStream(),
            new MemoryStream(),
            new MemoryStream(),
            new MemoryStream()
        );
        Number(head, total);
        Number(head, cases.Length);
        Number(head, name.Length);
        head.Write(name);
        var before = Array.Empty<byte>();
        long ids = 0;
        foreach (var one in cases)
        {
            var id = Encoding.UTF8.GetBytes(one.Id);
            if ((ids += id.Length) > MaxBody)
                return null;
            var common = before.AsSpan().CommonPrefixLength(id);
            Number(shared, common);
            Number(lengths, id.Length - common);
            rests.Write(id.AsSpan(common));
            before = id;
            var follows = one.Score is not (0 or 1);
            kinds.WriteByte((byte)((int)one.Outcome | (one.Score == 1 ? ScoreIsOne : 0) | (follows ? ScoreFollows : 0)));
            Number(repeats, Math.Max(0, one.Repeats));
            if (follows)
                scores.Write(BitConverter.GetBytes(one.Score));
        }
        foreach (var column in (MemoryStream[])[shared, lengths, rests, kinds, repeats, scores])
            column.WriteTo(head);
        return head.Length > MaxBody ? null : head.ToArray();
    }

    private static void Number(MemoryStream stream, int value)
    {
        for (var rest = (uint)value; ; rest >>= 7)
        {
            stream.WriteByte((byte)((rest & 0x7F) | (rest > 0x7F ? 0x80u : 0)));
            if (rest <= 0x7F)
                return;
        }
    }

    private static byte[] Unpack(string? text)
    {
        if (text is null || !text.StartsWith(Version, StringComparison.Ordinal))
            throw new FormatException($"it does not begin with \"{Version}\"");
        if (text.Length > MaxChars)
            throw new FormatException($"more than {MaxChars} characters");
        var packed = Convert.FromBase64String(text[Version.Length..]);
        if (packed.Length < DigestBytes)
            throw new FormatException("it is cut off");
        var body = new ArrayBufferWriter<byte>(64 * 1024);
        var rest = packed.AsSpan(DigestBytes);
        using var brotli = new BrotliDecoder();
        while (true)
        {
            var status = brotli.Decompress(rest, body.GetSpan(64 * 1024), out var read, out var written);
            rest = rest[read..];
            body.Advance(written);
            if (body.WrittenCount > MaxBody)
                throw new FormatException($"it unpacks to more than {MaxBody} bytes");
            if (status == OperationStatus.DestinationTooSmall)
                continue;
            if (status != OperationStatus.Done || !rest.IsEmpty)
                throw new FormatException("it is cut off or damaged");
            break;
        }
        if (!SHA256.HashData(body.WrittenSpan).AsSpan(0, DigestBytes).SequenceEqual(packed.AsSpan(0, DigestBytes)))
            throw new FormatException("it is damaged: its digest is another one");
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Reads a body. Nothing of it is believed: anyone may have written the text.</summary>
    private sealed class Body(byte[] bytes)
    {
        private int at;

        public (int Total, int Kept, string? Format) Head()
        {
            var (total, kept) = (Number(), Number());
            if (kept > total || kept > ResultsReader.MaxCases)
                throw new FormatException($"{kept} cases of {total}");
            var length = Number();
            if (length > MaxFormat)
                throw new FormatException("the name of a format is too long");
            var format = Utf8.GetString(Take(length));
            return (total, kept, format.Length == 0 ? null : format);
        }

        public MeasuredCase[] Cases(int kept)
        {
            var shared = Numbers(kept);
            var lengths = Numbers(kept);
            var ids = Ids(shared, lengths);
            var kinds = Take(kept).ToArray();
            var repeats = Numbers(kept);
            var cases = new MeasuredCase[kept];
            for (var i = 0; i < kept; i++)
            {
                var outcome = (CaseOutcome)(kinds[i] & 3);
                var score = (kinds[i] & ~3) switch
                {
                    0 => 0,
                    ScoreIsOne => 1,
                    ScoreFollows => BitConverter.ToDouble(Take(sizeof(double))),
                    _ => double.NaN,
                };
                if (score is not (>= 0 and <= 1) || (outcome is CaseOutcome.Passed or CaseOutcome.Failed && repeats[i] == 0))
                    throw new FormatException($"case {i + 1} is none");
                cases[i] = new MeasuredCase
                {
                    Id = ids[i],
                    Outcome = outcome,
                    Score = score,
                    Repeats = repeats[i],
                };
            }
            return at == bytes.Length ? cases : throw new FormatException("it goes on after its end");
        }

        private string[] Ids(int[] shared, int[] lengths)
        {
            var ids = new string[shared.Length];
            var id = Array.Empty<byte>();
            long all = 0;
            for (var i = 0; i < ids.Length; i++)
            {
                // Before anything of that length is made.
                if (shared[i] > id.Length || (all += shared[i] + (long)lengths[i]) > MaxBody || lengths[i] > bytes.Length)
                    throw new FormatException($"the ID of case {i + 1} is none");
                id = [.. id.AsSpan(0, shared[i]), .. Take(lengths[i])];
                ids[i] = Utf8.GetString(id);
                if (ids[i].Length is 0 or > MaxId || (i > 0 && string.CompareOrdinal(ids[i - 1], ids[i]) >= 0))
                    throw new FormatException($"the ID of case {i + 1} is none, or out of order");
            }
            return ids;
        }

        private int[] Numbers(int count)
        {
            // A number has at least one byte.
            if (count > bytes.Length - at)
                throw new FormatException("it is cut off");
            var numbers = new int[count];
            for (var i = 0; i < count; i++)
                numbers[i] = Number();
            return numbers;
        }

        private int Number()
        {
            var value = 0u;
            for (var shift = 0; shift < 35; shift += 7)
            {
                var part = Take(1)[0];
                value |= (uint)(part & 0x7F) << shift;
                if (part <= 0x7F)
                    return value <= int.MaxValue && (shift < 28 || part <= 7)
                        ? (int)value
                        : throw new FormatException("a number is too large");
            }
            throw new FormatException("a number is too long");
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > bytes.Length - at)
                throw new FormatException("it is cut off");
            at += count;
            return bytes.AsSpan(at - count, count);
        }
    }
}
