namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// The file of side effects: records, one after the other, in the volume that outlives the process and not the pod. A record that was cut
/// short ends it. Not safe for several threads: <see cref="EffectStore"/> writes under its lock.
/// </summary>
internal sealed class EffectFile : IDisposable
{
    /// <summary>The file's name in its folder.</summary>
    public const string FileName = "side-effects";

    private readonly string path;
    private FileStream stream;

    private EffectFile(string path, FileStream stream) => (this.path, this.stream) = (path, stream);

    /// <summary>Its length, bytes.</summary>
    public long Length => stream.Length;

    private static ReadOnlySpan<byte> Header => "agentreadiness.dev guardrail side effects, version 1\n"u8;

    /// <summary>Opens the file of a folder, and makes it where there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="records">What earlier processes wrote, the oldest first.</param>
    /// <param name="lost">Bytes at its end that are no whole record: a process ended while it wrote them.</param>
    /// <exception cref="IOException">The folder is not there or cannot be written, or the file is of another version.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written.</exception>
    public static EffectFile Open(string folder, out List<EffectRecord> records, out long lost)
    {
        var path = Path.Combine(folder, FileName);
        records = [];
        lost = 0;
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        try
        {
            if (stream.Length == 0)
            {
                stream.Write(Header);
                return new EffectFile(path, stream);
            }
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            // A process died before it had written even that.
            if (bytes.Length < Header.Length && Header.StartsWith(bytes))
            {
                stream.Position = 0;
                stream.Write(Header);
                return new EffectFile(path, stream);
            }
            if (!bytes.AsSpan().StartsWith(Header))
                throw new IOException($"{FileName} is of another version");
            var at = Header.Length;
            while (EffectFormat.Read(bytes.AsSpan(at), out var size) is { } record)
            {
                records.Add(record);
                at += size;
            }
            lost = bytes.Length - at;
            stream.SetLength(at);
            stream.Position = at;
            return new EffectFile(path, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Adds a record. When it returns, the death of this process can no longer undo it.</summary>
    /// <exception cref="IOException">The volume is full or gone; nothing of it counts.</exception>
    public void Append(EffectRecord record)
    {
        var before = stream.Length;
        try
        {
            stream.Write(EffectFormat.Write(record));
        }
        catch (IOException)
        {
            // A part of a record would hide those after it.
            stream.SetLength(before);
            stream.Position = before;
            throw;
        }
    }

    /// <summary>Puts other records in the place of all.</summary>
    /// <exception cref="IOException">The volume is full or gone; the file is as it was.</exception>
    public void Replace(IEnumerable<EffectRecord> records)
    {
        var next = new FileStream(path + ".new", FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 64 * 1024);
        try
        {
            next.Write(Header);
            foreach (var record in records)
                next.Write(EffectFormat.Write(record));
            next.Flush();
            File.Move(path + ".new", path, overwrite: true);
        }
        catch
        {
            next.Dispose();
            throw;
        }
        (stream, var old) = (next, stream);
        old.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();
}
