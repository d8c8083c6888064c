namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part FailureModes: failures that an agent brings with it.</summary>
public static class FailureModeChecks
{
    /// <summary>Failures of tools that are declared can be found.</summary>
    public static Check ToolFailures { get; } =
        new(
            "FAI-001",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "What is declared as a failure of a tool can be found in bounded time, and something is done about it.",
            "Name what onToolError does, and of each failure the tool and one of pattern, path and empty."
        );

    internal static IReadOnlyList<Check> All { get; } = [ToolFailures];
}
