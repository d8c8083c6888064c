using System.Globalization;
using AgentReadiness.Contracts;

namespace AgentReadiness.Api.Calendar;

/// <summary>
/// What a window had spent at moments of the last hour, as its ledger keeps it: "UNIX-SECONDS=AMOUNT …", the oldest first. At most one
/// moment in five minutes is kept, so the text is bounded. It serves forecasts only: no grant and no refusal depends on it. Pure.
/// </summary>
public static class SpendPace
{
    /// <summary>How far back the pace looks.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromHours(1);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>Notes that the sum of a window became another one.</summary>
    /// <param name="pace">The text so far; null: nothing was spent before.</param>
    /// <param name="before">What was spent before the change.</param>
    /// <param name="after">What is spent after it.</param>
    /// <param name="now">The moment.</param>
    public static string? Note(string? pace, Amount before, Amount after, DateTimeOffset now)
    {
        if (before == after)
            return pace;
        var samples = Read(pace);
        // What was spent soon after the last moment, too early for one of its own, must not count as spent now, after a long silence.
        if (samples.Count > 0 && now - samples[^1].At >= Interval * 2 && samples[^1].Spent != before)
            samples.Add(new Sample(samples[^1].At + Interval, before));
        if (samples.Count == 0 || now - samples[^1].At >= Interval)
            samples.Add(new Sample(now, after));
        // Of the moments before the last hour one is needed: what was spent by then.
        while (samples.Count > 1 && samples[1].At <= now - Span)
            samples.RemoveAt(0);
        return string.Join(
            ' ',
            samples.Select(sample => $"{sample.At.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}={sample.Spent}")
        );
    }

    /// <summary>What was spent in the hour before a moment; null where that is not known.</summary>
    /// <param name="pace">The text.</param>
    /// <param name="firstSpentAt">When the first spend was booked.</param>
    /// <param name="spent">What is spent by now.</param>
    /// <param name="now">The moment.</param>
    public static Amount? LastHour(string? pace, DateTimeOffset? firstSpentAt, Amount spent, DateTimeOffset now)
    {
        if (firstSpentAt is not { } first)
            return null;
        if (first > now - Span)
            return spent;
        return Read(pace) is { Count: > 0 } samples && samples.FindLast(sample => sample.At <= now - Span) is { } known
            ? (spent - known.Spent).Positive()
            : null;
    }

    private static List<Sample> Read(string? pace)
    {
        var samples = new List<Sample>();
        foreach (var part in pace?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            if (
                part.Split('=') is [var at, var spent]
                && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                && seconds < 253_402_300_800
                && Amount.TryParse(spent, out var amount)
            )
                samples.Add(new Sample(DateTimeOffset.FromUnixTimeSeconds(seconds), amount));
        }
        return samples;
    }

    private sealed record Sample(DateTimeOffset At, Amount Spent);
}
