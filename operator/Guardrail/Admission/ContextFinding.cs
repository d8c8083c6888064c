namespace AgentReadiness.Guardrail.Admission;

/// <summary>What is known about a model request and its context window.</summary>
/// <param name="Window">Whether it fits.</param>
/// <param name="Tokens">About how many tokens it is; null where its bytes say already that it fits, or nobody counted.</param>
/// <param name="Counted">The same as it was counted, before what this pod learned of the model; null likewise.</param>
/// <param name="Room">What it may be, tokens; null where the window is not known.</param>
/// <param name="IsPromptLost">The system prompt of its run is gone from it.</param>
internal sealed record ContextFinding(ContextVerdict Window, long? Tokens, double? Counted, long? Room, bool IsPromptLost)
{
    /// <summary>What is said of it in the header, the log and the metric, where anything is wrong.</summary>
    public string? Word =>
        Window == ContextVerdict.Overflows ? nameof(ContextVerdict.Overflows)
        : IsPromptLost ? "SystemPromptLost"
        : null;
}
