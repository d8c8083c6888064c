namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>How long to wait before something that failed is tried again. Pure.</summary>
internal static class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);

    /// <summary>Between half and the whole of 250 ms, doubled each time, 8 s at most.</summary>
    /// <param name="failures">How often it has failed in a row, from 1.</param>
    /// <param name="dice">0 to 1: so that not all who failed together come again together.</param>
    public static TimeSpan Delay(int failures, double dice) =>
        TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(failures - 1, 10))) * (0.5 + (dice / 2));
}
