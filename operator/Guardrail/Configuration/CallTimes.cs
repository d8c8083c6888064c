using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="CallPolicy"/>, read.</summary>
internal sealed class CallTimes
{
    private const int MostAttempts = 10;

    /// <exception cref="FormatException">A text is no duration, or the number of attempts is out of range.</exception>
    public CallTimes(CallPolicy policy, string field)
    {
        Timeout = GuardrailSettings.Duration(policy.Timeout, field + ".timeout");
        FirstByte = GuardrailSettings.Duration(policy.FirstByteTimeout ?? policy.Timeout, field + ".firstByteTimeout");
        Event = GuardrailSettings.Duration(policy.EventTimeout ?? policy.Timeout, field + ".eventTimeout");
        Attempts = policy.Attempts is >= 1 and <= MostAttempts
            ? policy.Attempts
            : throw new FormatException($"{field}.attempts must be 1 to {MostAttempts}");
    }

    /// <summary>The whole of one attempt.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>To the first byte of the answer.</summary>
    public TimeSpan FirstByte { get; }

    /// <summary>Between two pieces of a stream.</summary>
    public TimeSpan Event { get; }

    /// <summary>Attempts in all.</summary>
    public int Attempts { get; }
}
