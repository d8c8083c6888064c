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
        if (confidence is not (>= 0.5 and < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "must be at least 0.5 and below 1");
        var z = NormalQuantile.Of(confidence);
        var t = Quantile(confidence, scores.Count - 1);
        // Student's variance has n − 1 in it, that of Agresti and Coull n.
        var (mean, error) = Moments(scores, 0, scores.Count - 1);
        var pseudo = z * z / 2;
        var (pulledMean, pulledError) = Moments(scores, pseudo, scores.Count + (2 * pseudo));
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

    /// <summary>The quantile of Student's t distribution.</summary>
    internal static double Quantile(double probability, int degrees) => StudentT.InvCDF(0, 1, degrees, probability);
}
