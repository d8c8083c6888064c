using System.Security.Cryptography;
using System.Text;
using MathNet.Numerics.Distributions;

namespace AgentReadiness.Evals;

/// <summary>
/// Whether the same cases went worse than before, one-sided. Under equality, before and after of a case could as well have been
/// swapped: the p-value is the share of all such swaps whose drop is at least the one that was seen.
/// </summary>
public static class PairedTest
{
    /// <summary>Up to so many cases that changed, every swap is tried.</summary>
    private const int ExactUpTo = 16;

    private const int MaxSamples = 20_000;

    // Enough for a confidence of 0.999, whatever the number of cases.
    private const int MinSamples = 4_000;
    private const int MaxTosses = 200_000_000;

    /// <summary>
    /// The exact test of Q. McNemar ("Note on the sampling error of the difference between correlated proportions or percentages",
    /// Psychometrika 12 (1947) 153–157), one-sided: P(X ≥ worse), X ~ Binomial(worse + better, ½).
    /// </summary>
    /// <param name="worse">Cases that passed before and do not now.</param>
    /// <param name="better">Cases that pass now and did not before.</param>
    /// <returns>0 to 1; 1 where nothing got worse.</returns>
    public static double McNemar(int worse, int better)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(worse);
        ArgumentOutOfRangeException.ThrowIfNegative(better);
        // P(X ≥ worse) of a symmetric distribution is P(X ≤ better).
        return worse == 0 ? 1 : Binomial.CDF(0.5, worse + better, better);
    }

    /// <summary>
    /// The randomisation test for pairs of R. A. Fisher (The Design of Experiments, 1935, chapter III), one-sided, for scores of any
    /// kind; on passes and failures it is McNemar's. All swaps are tried where at most 16 cases changed, else up to 20,000 drawn ones
    /// (fewer above 10,000 cases, never below 4,000), with p = (1 + at least as large) / (1 + drawn), which is never too small (B. Phipson
    /// and G. K. Smyth, "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9 (2010) article 39).
    /// </summary>
    /// <param name="drops">Score before less score now of each case, times its weight where cases have weights.</param>
    /// <param name="seed">Of the drawn swaps; the same seed and drops give the same value, everywhere.</param>
    /// <returns>Above 0, at most 1.</returns>
    public static double Randomisation(IReadOnlyList<double> drops, ReadOnlySpan<byte> seed)
    {
        var changed = drops.Where(drop => drop != 0).ToArray();
        var observed = changed.Sum();
        // Sums of the same numbers in another order differ in their last bits; such a tie counts as reached.
        var tie = 1e-9 * changed.Sum(Math.Abs);
        if (observed <= tie)
            return 1;
        var reach = observed - tie;
        if (changed.Length <= ExactUpTo)
        {
            var reached = 0;
            for (var swaps = 0; swaps < 1 << changed.Length; swaps++)
            {
                var sum = 0.0;
                for (var i = 0; i < changed.Length; i++)
                    sum += (swaps >> i & 1) == 0 ? changed[i] : -changed[i];
                reached += sum >= reach ? 1 : 0;
            }
            return (double)reached / (1 << changed.Length);
        }
        var coins = new Coins(seed);
        var samples = Math.Clamp(MaxTosses / changed.Length, MinSamples, MaxSamples);
        var count = 1;
        for (var sample = 0; sample < samples; sample++)
        {
            var sum = 0.0;
            foreach (var drop in changed)
                sum += coins.Toss() ? drop : -drop;
            count += sum >= reach ? 1 : 0;
        }
        return (double)count / (samples + 1);
    }

    /// <summary>SHA-256 of results, from which the seed comes: IDs and scores of the cases, by ID.</summary>
    public static byte[] Digest(IEnumerable<MeasuredCase> cases)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var one in cases.OrderBy(one => one.Id, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(one.Id));
            hash.AppendData([0, (byte)one.Outcome]);
            hash.AppendData(BitConverter.GetBytes(BitConverter.DoubleToInt64Bits(one.Score)));
        }
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// Fair coins that fall the same on every machine and version of .NET, which System.Random does not promise: the bits of
    /// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
    /// </summary>
    private ref struct Coins(ReadOnlySpan<byte> seed)
    {
        private ulong state = BitConverter.ToUInt64(SHA256.HashData(seed));
        private ulong bits;
        private int left;

        public bool Toss()
        {
            if (left == 0)
            {
                state += 0x9E3779B97F4A7C15;
                bits = state;
                bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
                bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
                bits ^= bits >> 31;
                left = 64;
            }
            left--;
            var heads = (bits & 1) == 1;
            bits >>= 1;
            return heads;
        }
    }
}
