namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part Reliability: timeouts, retries and bounded loops.</summary>
public static class ReliabilityChecks
{
    /// <summary>A model call that hangs ends: its timeouts are durations longer than 0.</summary>
    public static Check ModelTimeouts { get; } =
        new(
            "REL-001",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A model call that hangs ends: its timeouts are durations longer than 0.",
            "Write a duration such as \"60s\"."
        );

    /// <summary>A tool call that hangs ends: its timeout is a duration longer than 0.</summary>
    public static Check ToolTimeout { get; } =
        new(
            "REL-002",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A tool call that hangs ends: its timeout is a duration longer than 0.",
            "Write a duration such as \"15s\"."
        );

    /// <summary>A model call is repeated a bounded number of times.</summary>
    public static Check Attempts { get; } =
        new(
            "REL-003",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A model call is repeated a bounded number of times.",
            "Write a number from 1 to 10."
        );

    /// <summary>A run that loops ends: its steps, tool calls, repeats and duration are bounded.</summary>
    public static Check RunBounds { get; } =
        new(
            "REL-004",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A run that loops ends: its steps, tool calls, repeats and duration are bounded.",
            "Write limits within the bounds that the message names."
        );

    /// <summary>A call that does something in the world is sent once.</summary>
    public static Check SideEffects { get; } =
        new(
            "REL-009",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A call that does something in the world is sent once: its tools are named, for a window from 1m to 168h.",
            "Name the tools in reliability.sideEffects.tools, and a window such as \"24h\"."
        );

    /// <summary>An agent that cannot answer says so in a declared way.</summary>
    public static Check Refusal { get; } =
        new(
            "REL-010",
            Part.Reliability,
            Severity.Medium,
            Evidence.Rule,
            "An agent that cannot answer says so in a way that a program can tell.",
            "Write reliability.refusal with a status from 400 to 499 and the message that clients get."
        );

    /// <summary>A tool call is repeated a bounded number of times, and only where it is said that this is safe.</summary>
    public static Check ToolAttempts { get; } =
        new(
            "REL-005",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A tool call is repeated a bounded number of times, and tools that may be repeated are named.",
            "Write a number from 1 to 10, and names of tools."
        );

    /// <summary>Repeated calls are a bounded share of all calls.</summary>
    public static Check RetryBudget { get; } =
        new(
            "REL-006",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "Repeated calls are a bounded share of all calls, where that is declared.",
            "Write a percentage from 0 to 100."
        );

    /// <summary>An upstream that fails is left alone for a time.</summary>
    public static Check Circuit { get; } =
        new(
            "REL-007",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A circuit breaker that is declared can open and closes again: its shares, numbers and times have a meaning.",
            "Write values within the bounds that the message names."
        );

    /// <summary>Calls of an upstream at the same time are bounded.</summary>
    public static Check Concurrency { get; } =
        new(
            "REL-008",
            Part.Reliability,
            Severity.Medium,
            Evidence.Rule,
            "Calls of an upstream at the same time are bounded, where that is declared.",
            "Write a number from 1 to 512."
        );

    /// <summary>A fallback leads to an upstream that can take its calls.</summary>
    public static Check Fallback { get; } =
        new(
            "REL-011",
            Part.Reliability,
            Severity.High,
            Evidence.Rule,
            "A fallback that is declared leads to another upstream of models of the same format, and to models that are allowed.",
            "Name another upstream of the same format, and models that guardrails.models.allow lists."
        );

    internal static IReadOnlyList<Check> All { get; } =
    [ModelTimeouts, ToolTimeout, Attempts, RunBounds, ToolAttempts, RetryBudget, Circuit, Concurrency, SideEffects, Refusal, Fallback];
}
