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

    /// <summary>Checks of calls of tools that are declared have schemas to check against.</summary>
    public static Check ToolSchemas { get; } =
        new(
            "FAI-002",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "Where calls of tools are to be held against their schemas, there are schemas.",
            "Declare the model's provider or the MCP server as an upstream, or leave schemaCheck out."
        );

    /// <summary>Changes of tools that are looked for can be seen.</summary>
    public static Check ToolChanges { get; } =
        new(
            "FAI-003",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "Where a change of a tool is to be seen, the server that lists it is reached through the guardrail.",
            "Declare the MCP server as an upstream, or leave onToolChange out."
        );

    /// <summary>Requests that are held against a context window are seen.</summary>
    public static Check Context { get; } =
        new(
            "FAI-004",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "Where requests are to fit the model's context window, they cross the guardrail, and it knows what to do with the others.",
            "Declare the model's provider as an upstream, and set context.onOverflow to Flag or Refuse and reservePercent from 0 to 50; "
                + "or leave context out."
        );

    internal static IReadOnlyList<Check> All { get; } = [ToolFailures, ToolSchemas, ToolChanges, Context];
}
