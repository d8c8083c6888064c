using System.Threading.Channels;

namespace AgentReadiness.Runtime;

/// <summary>
/// A queue of keys, after client-go's: a key that waits is not added twice, a key at work is not given to a second worker but
/// comes again when the first is done, failures come back later and later, and nothing is ever dropped.
/// </summary>
/// <typeparam name="TKey">The key.</typeparam>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1000);

    private readonly Lock gate = new();
    private readonly Channel<TKey> ready = Channel.CreateUnbounded<TKey>();
    private readonly Dictionary<TKey, long> dirty = [];
    private readonly Dictionary<TKey, long> processing = [];
    private readonly Dictionary<TKey, int> failures = [];
    private readonly PriorityQueue<TKey, DateTimeOffset> delayed = new();
    private readonly Dictionary<TKey, DateTimeOffset> due = [];
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly RuntimeMetrics.QueueMetrics metrics;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="name">The name in metrics.</param>
    /// <param name="time">The clock.</param>
    public WorkQueue(string name, TimeProvider time)
    {
        this.time = time;
        metrics = RuntimeMetrics.Queue(name, Running);
        timer = time.CreateTimer(_ => AddDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Adds a key, now.</summary>
    public void Add(TKey key)
    {
        lock (gate)
            AddLocked(key);
    }

    /// <summary>Adds a key later. An earlier moment that is already planned stays.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }
        lock (gate)
        {
            var moment = time.GetUtcNow() + delay;
            if (due.TryGetValue(key, out var planned) && planned <= moment)
                return;
            due[key] = moment;
            delayed.Enqueue(key, moment);
            DropStale();
            Plan();
        }
    }

    /// <summary>Adds a key after a failure: 5 ms, doubled with each failure in a row, at most 1000 s.</summary>
    /// <param name="key">The key.</param>
    /// <param name="atLeast">Not before this, where somebody asked for a pause.</param>
    public void AddRateLimited(TKey key, TimeSpan atLeast = default)
    {
        TimeSpan delay;
        lock (gate)
        {
            var count = failures[key] = failures.GetValueOrDefault(key) + 1;
            var ticks = FirstBackoff.Ticks * Math.Pow(2, Math.Min(count - 1, 30));
            delay = ticks >= LongestBackoff.Ticks ? LongestBackoff : TimeSpan.FromTicks((long)ticks);
        }
        metrics.Retries.Inc();
        AddAfter(key, delay > atLeast ? delay : atLeast);
    }

    /// <summary>Forgets the failures of a key.</summary>
    public void Forget(TKey key)
    {
        lock (gate)
            failures.Remove(key);
    }

    /// <summary>Takes the next key. Call <see cref="Done"/> when the work on it is over.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        var key = await ready.Reader.ReadAsync(cancellationToken);
        lock (gate)
        {
            dirty.Remove(key, out var added);
            processing[key] = time.GetTimestamp();
            metrics.QueueTime.Observe(time.GetElapsedTime(added, processing[key]).TotalSeconds);
            metrics.Depth.Set(dirty.Count);
        }
        return key;
    }

    /// <summary>The work on a key is over; if it was added meanwhile, it is ready again.</summary>
    public void Done(TKey key)
    {
        lock (gate)
        {
            if (processing.Remove(key, out var began))
                metrics.WorkTime.Observe(time.GetElapsedTime(began).TotalSeconds);
            if (dirty.ContainsKey(key))
                ready.Writer.TryWrite(key);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        timer.Dispose();
        metrics.Dispose();
    }

    private List<TimeSpan> Running()
    {
        lock (gate)
            return [.. processing.Values.Select(began => time.GetElapsedTime(began))];
    }

    private void AddLocked(TKey key)
    {
        due.Remove(key);
        if (!dirty.TryAdd(key, time.GetTimestamp()))
            return;
        metrics.Adds.Inc();
        metrics.Depth.Set(dirty.Count);
        if (!processing.ContainsKey(key))
            ready.Writer.TryWrite(key);
    }

    private void AddDue()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (delayed.TryPeek(out var key, out var moment) && moment <= now)
            {
                delayed.Dequeue();
                // The entry is stale where the key was added since, or was planned for another moment.
                if (due.TryGetValue(key, out var planned) && planned == moment)
                    AddLocked(key);
            }
            Plan();
        }
    }

    // Old entries are removed. Otherwise a key that is woken every second and planned again in an hour would leave 3,600 useless entries.
    private void DropStale()
    {
        if (delayed.Count <= 64 + (2 * due.Count))
            return;
        delayed.Clear();
        foreach (var (key, moment) in due)
            delayed.Enqueue(key, moment);
    }

    private void Plan()
    {
        while (delayed.TryPeek(out var key, out var moment) && (!due.TryGetValue(key, out var planned) || planned != moment))
            delayed.Dequeue();
        if (delayed.TryPeek(out _, out var next))
        {
            var wait = next - time.GetUtcNow();
            timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
