namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// How many calls of an upstream may be repeated: a share of the calls of the last minute, and a few where there are hardly any calls.
/// Calls and repeats leave the window together, so that a call is never the reason for more repeats than its share. Time is passed in.
/// Safe for any thread.
/// </summary>
internal sealed class RetryBudget
{
    /// <summary>Repeats that a quiet pod may make in the window, whatever the share says.</summary>
    public const int Floor = 3;

    /// <summary>How far back calls and repeats count.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private const int Calls = 0;
    private const int Repeats = 1;

    private readonly Lock gate = new();
    private readonly SlidingCounts counts = new(2);

    /// <summary>A call is made that repeats no other.</summary>
    /// <returns>By which it can be taken back.</returns>
    public RetryMark Call(TimeSpan now)
    {
        lock (gate)
        {
            counts.MoveTo(now, Window);
            return new RetryMark(counts.Add(Calls), IsRepeat: false);
        }
    }

    /// <summary>A call is to be repeated.</summary>
    /// <param name="percent">The share, 0 to 100. 0 allows nothing.</param>
    /// <param name="now">The time since any fixed moment.</param>
    /// <returns>By which it can be taken back; null where it does not fit.</returns>
    public RetryMark? TryRepeat(int percent, TimeSpan now)
    {
        lock (gate)
        {
            counts.MoveTo(now, Window);
            var most = percent == 0 ? 0 : Math.Max(Floor, counts.Of(Calls) * percent / 100);
            return counts.Of(Repeats) < most ? new RetryMark(counts.Add(Repeats), IsRepeat: true) : null;
        }
    }

    /// <summary>What was counted was not made.</summary>
    public void Undo(RetryMark mark)
    {
        lock (gate)
            counts.Undo(mark.IsRepeat ? Repeats : Calls, mark.Slice);
    }
}
