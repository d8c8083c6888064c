namespace AgentReadiness.Guardrail.Relay;

/// <summary>Why nobody knows whether a tool's answer was a failure. The names are stable: metrics and logs have them.</summary>
internal enum UnreadAnswer
{
    /// <summary>It, or an event of it, is longer than what is held, or there was no memory for it.</summary>
    TooLong,

    /// <summary>It is compressed although that was not asked for, and would have to be passed on as it is.</summary>
    Encoded,

    /// <summary>It is no JSON-RPC message.</summary>
    NotMessage,
}
