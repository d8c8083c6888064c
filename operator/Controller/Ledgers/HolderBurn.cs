using AgentReadiness.Contracts;

namespace AgentReadiness.Controller.Ledgers;

/// <summary>
/// How fast each holder spends. It is only a hint for the size of grants and is kept in memory: when it is lost, grants become smaller and
/// never larger. Not thread-safe; belongs to one writer.
/// </summary>
internal sealed class HolderBurn(TimeProvider time)
{
    private const int MaxHolders = 4096;

    private readonly Dictionary<string, (long Since, Amount At)> first = new(StringComparer.Ordinal);

    /// <summary>What a holder spends in a minute; zero while too little is known.</summary>
    public Amount PerMinute(string holder, Amount spent)
    {
        if (!first.TryGetValue(holder, out var start))
        {
            if (first.Count >= MaxHolders)
                first.Clear();
            first[holder] = (time.GetTimestamp(), spent);
            return Amount.Zero;
        }
        var minutes = (decimal)time.GetElapsedTime(start.Since).TotalMinutes;
        if (minutes < 0.001m)
            return Amount.Zero;
        var burnt = (spent - start.At).Positive();
        return new Amount(
            new Money(decimal.Round(burnt.Cost.Amount / minutes, Money.FractionDigits, MidpointRounding.ToZero)),
            (long)Math.Min(burnt.Tokens / minutes, Amount.Unlimited.Tokens)
        );
    }
}
