using System.Globalization;
using System.Text;

namespace AgentReadiness.Contracts;

/// <summary>
/// Quantiles of costs in little space: DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
/// relative-error guarantees", VLDB
/// 2019) with a relative accuracy of 5 %. A value v counts in bucket ⌈log_γ v⌉ with γ = 1.05 ÷ 0.95, and a bucket answers for its middle.
/// Count and maximum are exact. At most <see cref="MostBuckets"/> buckets: beyond that the smallest values share one, so only the lowest
/// quantiles lose accuracy. Merging is adding, whatever the order. Not safe for several threads.
/// </summary>
public sealed class CostSketch
{
    /// <summary>The most buckets: they span eleven orders of magnitude.</summary>
    public const int MostBuckets = 256;

    /// <summary>The most characters of its text form.</summary>
    public const int MaxText = 8192;

    /// <summary>How far a quantile may be from a value of its rank, relative to it.</summary>
    public const double Accuracy = 0.05;

    private const double Gamma = (1 + Accuracy) / (1 - Accuracy);

    // 1e-12 USD, the least amount, is in bucket -276; 1e15 USD in 345.
    private const int Lowest = -400;
    private const int Highest = 400;

    private const long MostInBucket = 1_000_000_000_000_000;

    private static readonly double LogGamma = Math.Log(Gamma);

    private readonly SortedDictionary<int, long> buckets = [];
    private long zeros;

    /// <summary>How many values were added.</summary>
    public long Count { get; private set; }

    /// <summary>The largest value, exactly; zero where there is none.</summary>
    public Money Max { get; private set; }

    /// <summary>Reads what <see cref="ToString"/> writes; null for anything else.</summary>
    public static CostSketch? TryParse(string? text)
    {
        var parts = text is { Length: > 0 and <= MaxText } ? text.Split(' ') : [];
        if (
            parts.Length == 0
            || !parts[0].StartsWith("max=", StringComparison.Ordinal)
            || !Amount.TryParse(parts[0][4..], out var max)
            || max.Tokens != 0
        )
            return null;
        var sketch = new CostSketch { Max = max.Cost };
        foreach (var part in parts.Skip(1))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (
                colon < 1
                || !long.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count is < 1 or > MostInBucket
            )
                return null;
            if (part.AsSpan(0, colon) is "z")
            {
                if (sketch.zeros > 0)
                    return null;
                sketch.zeros = count;
            }
            else if (
                !int.TryParse(part.AsSpan(0, colon), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index)
                || index is < Lowest or > Highest
                || !sketch.buckets.TryAdd(index, count)
            )
            {
                return null;
            }
            sketch.Count += count;
        }
        return sketch.buckets.Count <= MostBuckets ? sketch : null;
    }

    /// <summary>Adds a value.</summary>
    /// <param name="cost">Not negative.</param>
    public void Add(Money cost)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cost.Amount);
        Count++;
        Max = Money.Max(Max, cost);
        if (cost == Money.Zero)
        {
            zeros++;
            return;
        }
        var index = Math.Clamp((int)Math.Ceiling(Math.Log((double)cost.Amount) / LogGamma), Lowest, Highest);
        buckets[index] = buckets.GetValueOrDefault(index) + 1;
        Collapse();
    }

    /// <summary>Adds all values of another one.</summary>
    public void Add(CostSketch other)
    {
        Count += other.Count;
        Max = Money.Max(Max, other.Max);
        zeros += other.zeros;
        foreach (var (index, count) in other.buckets)
            buckets[index] = buckets.GetValueOrDefault(index) + count;
        Collapse();
    }

    /// <summary>A quantile, USD, within 5 % of a value of its rank; zero where there is no value.</summary>
    /// <param name="q">From 0 to 1: 0.5 is the median.</param>
    public Money Quantile(double q)
    {
        if (Count == 0)
            return Money.Zero;
        var rank = (long)Math.Floor(Math.Clamp(q, 0, 1) * (Count - 1));
        var passed = zeros;
        if (rank < passed)
            return Money.Zero;
        foreach (var (index, count) in buckets)
        {
            passed += count;
            if (rank >= passed)
                continue;
            // No value is above the largest, whatever the middle of its bucket says.
            var middle = 2 * Math.Pow(Gamma, index) / (Gamma + 1);
            return Money.Min(Max, new Money(decimal.Round((decimal)middle, Money.FractionDigits)));
        }
        return Max;
    }

    /// <summary>"max=0.25 z:2 -17:3 -16:40": the largest value, how many were zero, and the buckets with their counts.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("max=").Append(Max);
        if (zeros > 0)
            text.Append(CultureInfo.InvariantCulture, $" z:{zeros}");
        foreach (var (index, count) in buckets)
            text.Append(CultureInfo.InvariantCulture, $" {index}:{count}");
        return text.ToString();
    }

    private void Collapse()
    {
        while (buckets.Count > MostBuckets)
        {
            var least = buckets.First();
            buckets.Remove(least.Key);
            var next = buckets.First().Key;
            buckets[next] += least.Value;
        }
    }
}
