using AgentReadiness.Guardrail.Formats;

namespace AgentReadiness.Guardrail.Calls;

/// <summary>Whether a call was answered without being sent.</summary>
/// <param name="IsWritten">The agent has its answer.</param>
/// <param name="Error">The call is refused with this; null where it is not.</param>
internal readonly record struct CallAnswer(bool IsWritten, ApiError? Error)
{
    /// <summary>It is to be sent.</summary>
    public static CallAnswer None => default;

    /// <summary>The agent has its answer, or has gone.</summary>
    public static CallAnswer Written => new(true, null);

    /// <summary>It is refused.</summary>
    public static CallAnswer Refused(ApiError error) => new(false, error);
}
