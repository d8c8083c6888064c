using System.IO.Compression;

namespace AgentReadiness.Evals.Readers;

/// <summary>
/// Inspect AI's <c>.eval</c>: a zip of <c>header.json</c> (older: <c>results.json</c>) and <c>samples/ID_epoch_N.json</c>, as
/// src/inspect_ai/log/_recorders/eval.py writes it. What is unpacked is bounded, by number, by sum and by ratio.
/// </summary>
internal static class InspectArchive
{
    private const long MaxUnpacked = 8L * 1024 * 1024 * 1024;

    // Logs shrink to a fifth or a twentieth; a bomb to a thousandth.
    private const int MaxRatio = 100;
    private const long FreeBytes = 16 * 1024 * 1024;
    private const int MaxEntries = 1_100_000;

    public static CaseCollector Read(Stream stream)
    {
        // The library lists every entry before it can be asked how many they are.
        if (Count(stream) > MaxEntries)
            throw ResultsException.Unreadable($"an archive of more than {MaxEntries} entries");
        stream.Position = 0;
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var budget = new Budget(Math.Min(MaxUnpacked, (stream.Length * MaxRatio) + FreeBytes));
            var reader = new InspectReader();
            // A name that was written twice: the last one counts, as in Python.
            var header =
                archive.Entries.LastOrDefault(entry => entry.FullName == "header.json")
                ?? archive.Entries.LastOrDefault(entry => entry.FullName == "results.json");
            if (header is null)
            {
                throw archive.Entries.Any(entry => entry.FullName is "start.json" or "_journal/start.json")
                    ? new ResultsException(EvalReasons.RunIncomplete, "the run has not ended: the log has a start and no header")
                    : new ResultsException(EvalReasons.UnknownFormat, "an archive, but no log of Inspect AI");
            }
            Each(header, budget, reader.Header);
            foreach (var entry in archive.Entries)
            {
                if (
                    entry.FullName.StartsWith("samples/", StringComparison.Ordinal)
                    && entry.FullName.EndsWith(".json", StringComparison.Ordinal)
                )
                    Each(entry, budget, reader.Sample);
            }
            return reader.Finish();
        }
        catch (InvalidDataException exception)
        {
            throw ResultsException.Unreadable(
                $"the archive is broken, cut off, or compressed in a way that is not read here (\"inspect log convert --to json\" helps): "
                    + $"{exception.Message}",
                exception
            );
        }
    }

    private static void Each(ZipArchiveEntry entry, Budget budget, Action<JsonStream> read)
    {
        using var unpacked = new Metered(entry.Open(), budget);
        var json = new JsonStream(unpacked);
        json.Require();
        read(json);
        if (json.Read())
            throw ResultsException.Unreadable($"{entry.FullName} goes on after its end");
    }

    private static int Count(Stream stream)
    {
        ReadOnlySpan<byte> signature = [(byte)'P', (byte)'K', 1, 2];
        var buffer = new byte[64 * 1024];
        var (kept, count) = (0, 0);
        stream.Position = 0;
        while (stream.Read(buffer, kept, buffer.Length - kept) is > 0 and var read)
        {
            var window = buffer.AsSpan(0, kept + read);
            count += window.Count(signature);
            // The start of a signature at the end of this window; a whole one is not counted twice.
            kept = Math.Min(signature.Length - 1, window.Length);
            window[^kept..].CopyTo(buffer);
        }
        return count;
    }

    private sealed class Budget(long bytes)
    {
        private long left = bytes;

        public void Spend(int count)
        {
            left -= count;
            if (left < 0)
                throw ResultsException.Unreadable($"the archive unpacks to more than {MaxRatio} times its size");
        }
    }

    /// <summary>Counts what is unpacked, whatever the archive says of its size.</summary>
    private sealed class Metered(Stream inner, Budget budget) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = inner.Read(buffer);
            budget.Spend(count);
            return count;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
