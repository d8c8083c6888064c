using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>What came of a claim.</summary>
/// <param name="IsTaken">It was taken.</param>
/// <param name="Error">Why it is refused, or would be if limits were enforced; null where it fits.</param>
/// <param name="Limit">The name of the limit that it does not fit; null where the refusal is no limit's, so that it always holds.</param>
internal readonly record struct ClaimResult(bool IsTaken, ApiError? Error, string? Limit)
{
    /// <summary>It was taken, and fits.</summary>
    public static ClaimResult Taken => new(true, null, null);

    /// <summary>The agent has gone while it was waited for: there is nobody to answer.</summary>
    public static ClaimResult Abandoned => new(false, null, null);

    /// <summary>It is refused, whatever the mode is.</summary>
    public static ClaimResult Refused(ApiError error) => new(false, error, null);

    /// <summary>It does not fit a limit, and nothing was taken.</summary>
    public static ClaimResult Over(string limit, ApiError error) => new(false, error, limit);

    /// <summary>It does not fit a limit that is only observed, and was taken all the same.</summary>
    public static ClaimResult Observed(string limit, ApiError error) => new(true, error, limit);
}
