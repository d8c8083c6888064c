namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>
/// What this pod knows of calls with side effects: a key that was sent is never sent again while its window lasts. A call is written down
/// before it is sent, so the death of this process leaves it as one that may have been done. Safe for any thread.
/// </summary>
/// <param name="file">Where it is written; null: nothing can be, and so nothing is sent.</param>
/// <param name="records">What earlier processes wrote.</param>
/// <param name="time">The clock.</param>
/// <param name="fault">Is told why something could not be written.</param>
internal sealed class EffectStore(EffectFile? file, IEnumerable<EffectRecord> records, TimeProvider time, Action<string> fault)
    : IDisposable
{
    /// <summary>What all records may take, bytes. Bodies give way first, the oldest before others, then no new key is taken.</summary>
    public const int MostBytes = 3 * 1024 * 1024;

    // The file holds what was superseded, too.
    private const int LongestFile = MostBytes + (1024 * 1024);

    // Of a record without its body.
    private const int RecordBytes = 128;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = Load(records);
    private TimeSpan window = TimeSpan.MaxValue;
    private long bytes;
    private bool isCounted;

    /// <summary>Keys that are known.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return entries.Count;
        }
    }

    /// <summary>
    /// Opens what this pod knows. Where there is no file that can be used, no such call is sent, and that is logged: a process after this
    /// one would not know of it. A file of another version is of another image, which no container of this pod has.
    /// </summary>
    /// <param name="folder">The volume that outlives the process.</param>
    /// <param name="isDeclared">There are such calls; where there are none, no file is made.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told what cannot be read or written.</param>
    public static EffectStore Open(string folder, bool isDeclared, TimeProvider time, ILogger logger)
    {
        EffectFile? file = null;
        List<EffectRecord> records = [];
        try
        {
            if (isDeclared)
            {
                file = EffectFile.Open(folder, out records, out var lost);
                if (lost > 0)
                    logger.SideEffectsNotWritten($"an earlier process left {lost} bytes of a record that it had not finished");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.SideEffectsNotWritten($"{exception.Message} No call with side effects is sent");
        }
        return new EffectStore(file, records, time, logger.SideEffectsNotWritten);
    }

    /// <summary>Asks whether a call may be sent. Where it may, it is written down.</summary>
    /// <param name="key">The call's key.</param>
    /// <param name="keep">How long it is known.</param>
    public EffectClaim Claim(EffectKey key, TimeSpan keep)
    {
        lock (gate)
        {
            window = keep;
            var now = time.GetUtcNow();
            if (entries.TryGetValue(key.Id, out var entry) && !IsOver(entry, now))
            {
                if (entry.Content != key.Content)
                    return EffectClaim.Of(EffectRefusal.KeyReused);
                if (entry.UnderWay is { } other)
                    return EffectClaim.Of(other.Task);
                return entry.Result is { } result ? EffectClaim.Of(result) : EffectClaim.Of(EffectRefusal.Unknown);
            }
            if (!HasRoom(now))
                return EffectClaim.Of(EffectRefusal.Full);
            if (!Write(new EffectRecord(key.Id, key.Content, EffectState.Sent, now, null)))
                return EffectClaim.Of(EffectRefusal.NotWritten);
            Remove(key.Id);
            Put(key.Id, new Entry(key.Content, now, null, new(TaskCreationOptions.RunContinuationsAsynchronously)));
            return EffectClaim.Of(new Effect(this, key));
        }
    }

    /// <summary>How a call ended that was claimed.</summary>
    internal void End(EffectKey key, EffectState state, EffectResult? result)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(key.Id, out var entry) || entry.UnderWay is not { } waiting)
                return;
            Remove(key.Id);
            if (state != EffectState.Free)
                Put(key.Id, entry with { Result = result, UnderWay = null });
            // What stands there already says that nobody knows. Where this cannot be written, that is what a later process will read.
            if (state != EffectState.Sent)
                Write(new EffectRecord(key.Id, key.Content, state, entry.At, result));
            Shrink();
            waiting.SetResult();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    private static Dictionary<string, Entry> Load(IEnumerable<EffectRecord> records)
    {
        var entries = new Dictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var record in records)
        {
            if (record.State == EffectState.Free)
                entries.Remove(record.Id);
            else
                entries[record.Id] = new Entry(record.Content, record.At, record.Result, null);
        }
        return entries;
    }

    // A clock that was set back makes a record younger, never older.
    private bool IsOver(Entry entry, DateTimeOffset now) => entry.UnderWay is null && now - entry.At >= window;

    private bool HasRoom(DateTimeOffset now)
    {
        if (!isCounted)
            (bytes, isCounted) = (entries.Values.Sum(Size), true);
        if (bytes + RecordBytes <= MostBytes)
            return true;
        foreach (var old in entries.Where(entry => IsOver(entry.Value, now)).Select(entry => entry.Key).ToList())
            Remove(old);
        Shrink();
        return bytes + RecordBytes <= MostBytes;
    }

    private void Shrink()
    {
        if (bytes + RecordBytes <= MostBytes)
            return;
        foreach (var (id, entry) in entries.Where(entry => entry.Value.Result?.Body is not null).OrderBy(entry => entry.Value.At).ToList())
        {
            Remove(id);
            Put(id, entry with { Result = entry.Result!.WithoutBody });
            // A tenth of the room at once: else each call would look for the next one.
            if (bytes <= MostBytes - (MostBytes / 10))
                return;
        }
    }

    private void Put(string id, Entry entry)
    {
        entries[id] = entry;
        bytes += Size(entry);
    }

    private void Remove(string id)
    {
        if (entries.Remove(id, out var old))
            bytes -= Size(old);
    }

    private bool Write(EffectRecord record)
    {
        if (file is null)
            return false;
        try
        {
            if (file.Length > LongestFile)
                file.Replace(
                    entries.Select(entry => new EffectRecord(
                        entry.Key,
                        entry.Value.Content,
                        entry.Value.Result is null ? EffectState.Sent : EffectState.Done,
                        entry.Value.At,
                        entry.Value.Result
                    ))
                );
            file.Append(record);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault(exception.Message);
            return false;
        }
    }

    private static long Size(Entry entry) => RecordBytes + (entry.Result?.Body?.Length ?? 0) + (entry.Result?.Headers.Length ?? 0);

    /// <summary>What is known of a key.</summary>
    /// <param name="Content">What was asked for.</param>
    /// <param name="At">When.</param>
    /// <param name="Result">The answer; null: nobody knows whether it was done, or it is under way.</param>
    /// <param name="UnderWay">Ends with the call; null: it is over.</param>
    private sealed record Entry(string Content, DateTimeOffset At, EffectResult? Result, TaskCompletionSource? UnderWay);
}
