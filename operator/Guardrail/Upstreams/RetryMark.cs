namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>Where a <see cref="RetryBudget"/> counted a call.</summary>
/// <param name="Slice">The slice of its window.</param>
/// <param name="IsRepeat">As one that repeats another.</param>
internal readonly record struct RetryMark(long Slice, bool IsRepeat);
