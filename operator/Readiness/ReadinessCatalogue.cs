using AgentReadiness.Readiness.Checks;

namespace AgentReadiness.Readiness;

/// <summary>
/// Every check, in one list that is closed: a check is added by a property in a file of Checks, and nowhere else. docs/readiness.md is
/// this list, and a test holds the two together.
/// </summary>
public static class ReadinessCatalogue
{
    /// <summary>The checks in the order of their parts and numbers.</summary>
    public static IReadOnlyList<Check> All { get; } =
    [
        .. ManifestChecks.All,
        .. RolloutChecks.All,
        .. GuardrailChecks.All,
        .. ReliabilityChecks.All,
        .. ObservabilityChecks.All,
        .. FailureModeChecks.All,
        .. ScreeningChecks.All,
        .. EvalChecks.All,
        .. CostChecks.All,
    ];
}
