namespace AgentReadiness.Guardrail.Screening;

/// <summary>What is to be said of a text.</summary>
/// <param name="Score">From <see cref="Threshold"/> on it counts as an attack.</param>
/// <param name="Findings">What the score is made of, the most first; empty where it is below.</param>
internal sealed record Verdict(double Score, IReadOnlyList<Finding> Findings)
{
    /// <summary>The least score of an attack.</summary>
    public const double Threshold = 1.0;

    /// <summary>
    /// A score is a sum of numbers with one digit behind the point: one that is less than this above the threshold is at it.
    /// </summary>
    internal const double Least = Threshold - 0.01;

    /// <summary>Nothing.</summary>
    public static Verdict None { get; } = new(0, []);

    /// <summary>Why nobody knows whether it is an attack; null: that is known.</summary>
    public Unscreened? Unknown { get; init; }

    /// <summary>A text of which that is not known.</summary>
    public static Verdict Not(Unscreened why) => new(0, []) { Unknown = why };

    /// <summary>It counts as an attack.</summary>
    public bool IsFound => Score > Least;

    /// <summary>The families of the findings, each once.</summary>
    public IEnumerable<string> Families => Findings.Select(finding => finding.Family).Distinct();
}
