namespace AgentReadiness.Guardrail.Runs;

/// <summary>
/// How often each call of a run was made. A run that makes no progress repeats its calls, one of them or several in a circle: each of
/// these is counted, so a circle of any length ends in its round behind the last one that is allowed. The last calls that were new are
/// known, <see cref="Most"/> of them, so that a loop is found however much came before it. One thread at a time.
/// </summary>
internal sealed class RepeatCounts
{
    /// <summary>The most different calls that are known.</summary>
    public const int Most = 4096;

    private readonly Dictionary<UInt128, int> seen = [];
    private readonly Queue<UInt128> order = new();

    /// <summary>Counts a call; false where it was made as often as it may be already.</summary>
    /// <param name="print">What is the same for two equal calls.</param>
    /// <param name="most">How often it may be made.</param>
    public bool TryCount(UInt128 print, int most)
    {
        var isKnown = seen.TryGetValue(print, out var times);
        if (times >= most)
            return false;
        if (!isKnown)
        {
            while (order.Count >= Most)
                seen.Remove(order.Dequeue());
            order.Enqueue(print);
        }
        seen[print] = times + 1;
        return true;
    }

    /// <summary>A call that was counted was not made.</summary>
    public void Forget(UInt128 print)
    {
        // Its place stays, so that it is not there twice.
        if (seen.TryGetValue(print, out var times) && times > 0)
            seen[print] = times - 1;
    }
}
