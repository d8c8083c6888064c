using AgentReadiness.Api;

namespace AgentReadiness.Controller.Budgets;

/// <summary>
/// How fast each holder spends, and whether somebody waits for money. Only a hint for the size of grants, kept in memory: losing
/// it makes grants smaller, never larger. Not thread-safe; belongs to one book.
/// </summary>
internal sealed class HolderBurn(TimeProvider time)
{
    private const int MaxHolders = 4096;
    private static readonly TimeSpan Hunger = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (long Since, Money At)> first = new(StringComparer.Ordinal);
    private long? hungrySince;

    /// <summary>Somebody was told to wait within the last ten seconds.</summary>
    public bool IsHungry => hungrySince is { } since && time.GetElapsedTime(since) < Hunger;

    /// <summary>Somebody was told to wait.</summary>
    public void NoteHunger() => hungrySince = time.GetTimestamp();

    /// <summary>What a holder spends in a minute, USD; zero while too little is known.</summary>
    public Money PerMinute(string holder, Money spent)
    {
        if (!first.TryGetValue(holder, out var start))
        {
            if (first.Count >= MaxHolders)
                first.Clear();
            first[holder] = (time.GetTimestamp(), spent);
            return Money.Zero;
        }
        var minutes = (decimal)time.GetElapsedTime(start.Since).TotalMinutes;
        if (minutes < 0.001m || spent <= start.At)
            return Money.Zero;
        return new Money(decimal.Round((spent - start.At).Amount / minutes, Money.FractionDigits, MidpointRounding.ToZero));
    }
}
