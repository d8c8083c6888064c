namespace AgentReadiness.Contracts.Guardrail;

/// <summary>How long a call may take and how often it is tried. Durations are Go durations.</summary>
public sealed class CallPolicy
{
    /// <summary>The whole of one attempt.</summary>
    public string Timeout { get; set; } = "60s";

    /// <summary>From sending to the first byte of the answer; null: <see cref="Timeout"/>.</summary>
    public string? FirstByteTimeout { get; set; }

    /// <summary>From one piece of a streamed answer to the next; null: <see cref="Timeout"/>.</summary>
    public string? EventTimeout { get; set; }

    /// <summary>Attempts in all, 1 to 10. Another one follows only while the agent has seen no byte of an answer.</summary>
    public int Attempts { get; set; } = 1;
}
