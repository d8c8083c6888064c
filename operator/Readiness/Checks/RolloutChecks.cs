namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Rollout: how a revision reaches production.</summary>
public static class RolloutChecks
{
    /// <summary>Deadlines and waiting times of a rollout are durations that a rollout can keep.</summary>
    public static Check Times { get; } =
        new(
            "ROL-001",
            Part.Rollout,
            Severity.Medium,
            Evidence.Rule,
            "Deadlines and waiting times of a rollout are durations that a rollout can keep.",
            "Write a duration such as \"30s\" or \"15m\", not shorter than the message says."
        );

    /// <summary>The numbers of candidate pods and of kept revisions are bounded.</summary>
    public static Check Bounds { get; } =
        new(
            "ROL-002",
            Part.Rollout,
            Severity.Medium,
            Evidence.Rule,
            "The numbers of candidate pods and of kept revisions are bounded.",
            "Write numbers within the bounds that the message names."
        );

    /// <summary>A canary takes over in steps that only grow, each with a time in which it can fail.</summary>
    public static Check CanarySteps { get; } =
        new(
            "ROL-003",
            Part.Rollout,
            Severity.Medium,
            Evidence.Rule,
            "A canary takes over in steps that only grow, each with a time in which it can fail.",
            "List one to twenty steps with percent from 1 to 99, ascending, and a hold each."
        );

    /// <summary>A person's decision names one revision, so that it cannot act on another one.</summary>
    public static Check Decision { get; } =
        new(
            "ROL-004",
            Part.Rollout,
            Severity.Medium,
            Evidence.Rule,
            "A person's decision names one revision, so that it cannot act on another one.",
            "Copy the revision from status or from `kubectl agents revision`."
        );

    /// <summary>The PodDisruptionBudget that the operator creates is valid.</summary>
    public static Check Disruption { get; } =
        new(
            "ROL-005",
            Part.Rollout,
            Severity.Medium,
            Evidence.Rule,
            "The PodDisruptionBudget that the operator creates is valid.",
            "Write a number or a percentage, for example \"1\" or \"25%\"."
        );

    internal static IReadOnlyList<Check> All { get; } = [Times, Bounds, CanarySteps, Decision, Disruption];
}
