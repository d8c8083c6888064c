namespace AgentReadiness.Guardrail.Formats;

/// <summary>What the guardrail does with a request to an endpoint.</summary>
internal enum EndpointKind
{
    /// <summary>It does not pass: what it would cost is not known.</summary>
    Unmetered,

    /// <summary>It passes; providers do not bill it.</summary>
    Free,

    /// <summary>It passes within the budget.</summary>
    Metered,

    /// <summary>It reads an answer that goes on in the background, which may settle a call.</summary>
    Poll,

    /// <summary>It is a tool's: it passes within the limits of the run.</summary>
    Tool,
}
