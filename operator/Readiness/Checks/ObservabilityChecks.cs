namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Observability: traces, logs, metrics and the tags of spend.</summary>
public static class ObservabilityChecks
{
    /// <summary>Traces and logs have a collector that can be addressed, and its URL holds no credentials.</summary>
    public static Check Collector { get; } =
        new(
            "OBS-001",
            Part.Observability,
            Severity.High,
            Evidence.Rule,
            "Traces and logs have a collector that can be addressed, and its URL holds no credentials.",
            "Write an http or https URL without user, query or fragment."
        );

    /// <summary>Spend is told apart by tags that are few, differ from each other, and do not hide what is told in any case.</summary>
    public static Check Attribution { get; } =
        new(
            "OBS-002",
            Part.Observability,
            Severity.High,
            Evidence.Rule,
            "Spend is told apart by tags that are few, differ from each other, and do not hide what is told in any case.",
            "List at most the number of names that the message says, each valid and once."
        );

    internal static IReadOnlyList<Check> All { get; } = [Collector, Attribution];
}
