namespace AgentReadiness.Guardrail.Admission;

/// <summary>The kinds of calls that cross the guardrail.</summary>
[Flags]
internal enum CallKind
{
    /// <summary>Not known: the call names no upstream or no endpoint.</summary>
    None = 0,

    /// <summary>A model call, which costs money.</summary>
    Model = 1,

    /// <summary>A call of a tool.</summary>
    Tool = 2,

    /// <summary>A call of a provider that it does not bill.</summary>
    Free = 4,

    /// <summary>A poll of our own for an answer that a provider makes in the background.</summary>
    Background = 8,

    /// <summary>A request to the agent.</summary>
    Inbound = 16,
}
