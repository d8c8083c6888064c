using MathNet.Numerics.Distributions;

namespace AgentReadiness.Evals;

/// <summary>
/// One-sided bounds for the mean of scores between 0 and 1: the wider of two intervals, on each side. One is Student's t interval over
/// the cases ("Student", "The probable error of a mean", Biometrika 6 (1908) 1–25). The other is the same over scores to which z²/2
/// pseudo-cases of 0 and as many of 1 are added, as A. Agresti and B. A. Coull do for proportions ("Approximate is better than 'exact'
/// for interval estimation of binomial proportions", The American Statistician 52 (1998) 119–126). Without the second, twenty scores
/// of 1 would have no spread, and so prove a mean of exactly 1; without the first, an agent that is good enough is blocked too often.
/// </summary>
public static class GradedInterval
{
    /// <summary>The lower and the upper one-sided bound of the mean, each at the confidence, within 0 and 1.</summary>
    /// <param name="scores">0 to 1 each, at least 2. Their order matters to the last bits of the sums.</param>
    /// <param name="confidence">0.5 to below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 scores, or no confidence.</exception>
    public static (double Lower, double Upper) Bounds(IReadOnlyList<double> scores, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(scores.Count, 2, nameof(scores));
        return Bounds(scores.Count, confidence, (pseudo, degrees) => Moments(scores, pseudo, degrees));
    }

    /// <summary>
    /// The same for the weighted mean Σwx / Σw: in the place of the number of scores stands L. Kish's effective sample size
    /// (Σw)² / Σw² (Survey Sampling, 1965, section 11.7), and the weights are scaled to have it as their sum. So a case that outweighs all
    /// others is hardly more than one case. With weights that are equal the bounds are those without.
    /// </summary>
    /// <param name="scores">0 to 1 each. Their order matters to the last bits of the sums.</param>
    /// <param name="weights">Of each score, above 0.</param>
    /// <param name="confidence">0.5 to below 1.</param>
    /// <returns>0 and 1 where the effective sample size is below 2: nothing says how the scores spread.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No score, another number of weights, a weight that is none, or no
    /// confidence.</exception>
    public static (double Lower, double Upper) Bounds(IReadOnlyList<double> scores, IReadOnlyList<double> weights, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfZero(scores.Count, nameof(scores));
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Count, scores.Count, nameof(weights));
        if (!weights.All(weight => weight > 0 && double.IsFinite(weight)))
            throw new ArgumentOutOfRangeException(nameof(weights), "must be above 0");
        var size = EffectiveSize(weights);
        var scale = size / weights.Sum();
        var scaled = weights.Select(weight => weight * scale).ToArray();
        // A hair below 2 where two weights are equal but for their last bits.
        return size < 2 - 1e-9 ? (0, 1) : Bounds(size, confidence, (pseudo, degrees) => Moments(scores, scaled, size, pseudo, degrees));
    }

    /// <summary>Kish's effective sample size: (Σw)² / Σw², at least 1 and at most the number of weights.</summary>
    /// <param name="weights">Above 0 each, at least one.</param>
    public static double EffectiveSize(IReadOnlyList<double> weights)
    {
        // By the largest, so that no square overflows.
        var largest = weights.Max();
        var (sum, squares) = (weights.Sum(weight => weight / largest), weights.Sum(weight => weight / largest * (weight / largest)));
        return Math.Clamp(sum * sum / squares, 1, weights.Count);
    }

    private static (double Lower, double Upper) Bounds(
        double size,
        double confidence,
        Func<double, double, (double Mean, double Error)> moments
    )
    {
        if (confidence is not (>= 0.5 and < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "must be at least 0.5 and below 1");
        var z = NormalQuantile.Of(confidence);
        var t = Quantile(confidence, size - 1);
        // Student's variance has n − 1 in it, that of Agresti and Coull n.
        var (mean, error) = moments(0, size - 1);
        var pseudo = z * z / 2;
        var (pulledMean, pulledError) = moments(pseudo, size + (2 * pseudo));
        var lower = Math.Min(mean - (t * error), pulledMean - (t * pulledError));
        var upper = Math.Max(mean + (t * error), pulledMean + (t * pulledError));
        return (Math.Clamp(lower, 0, 1), Math.Clamp(upper, 0, 1));
    }

    // The mean, and its standard error, with so many more scores of 0 and of 1.
    private static (double Mean, double Error) Moments(IReadOnlyList<double> scores, double pseudo, double degrees)
    {
        var n = scores.Count + (2 * pseudo);
        var mean = (scores.Sum() + pseudo) / n;
        var squares = scores.Sum(score => (score - mean) * (score - mean)) + (pseudo * ((mean * mean) + ((1 - mean) * (1 - mean))));
        return (mean, Math.Sqrt(squares / degrees / n));
    }

    // The same with weights whose sum is the effective sample size. Σu(x − m)² / (size − 1) is without bias, as Student's is: its
    // expectation is σ²(size − Σu²/size) / (size − 1), and Σu² is size where Σu is.
    private static (double Mean, double Error) Moments(
        IReadOnlyList<double> scores,
        double[] weights,
        double size,
        double pseudo,
        double degrees
    )
    {
        var n = size + (2 * pseudo);
        var mean = (scores.Select((score, i) => weights[i] * score).Sum() + pseudo) / n;
        var squares =
            scores.Select((score, i) => weights[i] * (score - mean) * (score - mean)).Sum()
            + (pseudo * ((mean * mean) + ((1 - mean) * (1 - mean))));
        return (mean, Math.Sqrt(squares / degrees / n));
    }

    /// <summary>The quantile of Student's t distribution.</summary>
    internal static double Quantile(double probability, double degrees) => StudentT.InvCDF(0, 1, degrees, probability);
}
