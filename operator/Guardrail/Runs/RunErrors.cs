using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Runs;

/// <summary>What an agent is told when its run has reached a limit.</summary>
internal static class RunErrors
{
    /// <summary>The error for a limit.</summary>
    /// <param name="limit">Its name in <c>spec.budget.perRun</c>.</param>
    /// <param name="detail">The numbers, where they say more.</param>
    public static ApiError Exceeded(string limit, string? detail = null) =>
        new(
            402,
            "run_limit_exceeded",
            detail is null ? $"The run has reached its limit perRun.{limit}." : $"The run has reached its limit perRun.{limit}: {detail}."
        )
        {
            Limit = "perRun." + limit,
        };

    /// <summary>The error for a client whose run was ended.</summary>
    public static ApiError TooLong(string run) =>
        new(504, "run_limit_exceeded", $"The run {run} has taken longer than perRun.maxDuration, and was ended.")
        {
            Limit = "perRun.maxDuration",
        };
}
