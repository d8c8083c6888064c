namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// Counts over a sliding window of time. The window is made of slices, and the oldest slice leaves it as a whole. Time is passed in. Not
/// safe for several threads.
/// </summary>
/// <param name="kinds">How many different things are counted.</param>
internal sealed class SlidingCounts(int kinds)
{
    /// <summary>The slices of a window.</summary>
    public const int Slices = 10;

    private readonly long[] counts = new long[Slices * kinds];
    private readonly long[] totals = new long[kinds];
    private TimeSpan window;
    private long current;

    /// <summary>The number of the slice in which is counted now.</summary>
    public long Current => current;

    /// <summary>How many of a kind are in the window.</summary>
    public long Of(int kind) => totals[kind];

    /// <summary>Moves the window to a moment. Another length of the window begins anew.</summary>
    public void MoveTo(TimeSpan now, TimeSpan length)
    {
        if (length != window)
        {
            Clear();
            window = length;
            current = NumberOf(now);
            return;
        }
        var next = NumberOf(now);
        if (next - current >= Slices)
            Clear();
        else
            for (var slice = current + 1; slice <= next; slice++)
                Empty(slice);
        current = Math.Max(current, next);
    }

    /// <summary>Counts one of a kind now, and tells the number of its slice.</summary>
    public long Add(int kind)
    {
        counts[IndexOf(current, kind)]++;
        totals[kind]++;
        return current;
    }

    /// <summary>Takes back what was counted in a slice, as far as that is in the window still.</summary>
    public void Undo(int kind, long slice)
    {
        if (slice <= current - Slices || slice > current || counts[IndexOf(slice, kind)] == 0)
            return;
        counts[IndexOf(slice, kind)]--;
        totals[kind]--;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(counts);
        Array.Clear(totals);
    }

    private void Empty(long slice)
    {
        for (var kind = 0; kind < kinds; kind++)
        {
            totals[kind] -= counts[IndexOf(slice, kind)];
            counts[IndexOf(slice, kind)] = 0;
        }
    }

    private long NumberOf(TimeSpan now) => now.Ticks / (window.Ticks / Slices);

    private int IndexOf(long slice, int kind) => ((int)(slice % Slices) * kinds) + kind;
}
