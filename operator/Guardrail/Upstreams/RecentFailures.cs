namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// Calls of the last minute that failed, by their fingerprints: a call that is the same is a retry, whoever makes it. A bounded number is
/// kept, and the oldest goes first. Time is passed in. Safe for any thread.
/// </summary>
internal sealed class RecentFailures
{
    /// <summary>The most that are kept.</summary>
    public const int Most = 1024;

    /// <summary>For how long a call that is the same is a retry.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, TimeSpan> failed = [];
    private readonly Queue<(UInt128 Print, TimeSpan At)> order = new();

    /// <summary>There is none: nothing needs to be looked for.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return failed.Count == 0;
        }
    }

    /// <summary>A call has failed.</summary>
    public void Add(UInt128 print, TimeSpan now)
    {
        lock (gate)
        {
            failed[print] = now;
            order.Enqueue((print, now));
            while (order.Count > Most || (order.TryPeek(out var oldest) && now - oldest.At > Kept))
            {
                var (gone, at) = order.Dequeue();
                // It may have failed again since.
                if (failed.TryGetValue(gone, out var last) && last == at)
                    failed.Remove(gone);
            }
        }
    }

    /// <summary>A call has succeeded: the next one that is the same is a call of its own.</summary>
    public void Remove(UInt128 print)
    {
        lock (gate)
            failed.Remove(print);
    }

    /// <summary>Whether a call that is the same has failed lately.</summary>
    public bool Has(UInt128 print, TimeSpan now)
    {
        lock (gate)
            return failed.TryGetValue(print, out var at) && now - at <= Kept;
    }
}
