namespace AgentReadiness.Guardrail.Calls;

/// <summary>What became of a call with side effects. The names are stable: metrics and logs have them.</summary>
internal enum EffectEnd
{
    /// <summary>The tool did it, and answered.</summary>
    Done,

    /// <summary>It was certainly not done.</summary>
    NotDone,

    /// <summary>It was sent, and nobody knows whether it was done.</summary>
    Unknown,

    /// <summary>The answer of before was given again, and nothing was sent.</summary>
    Replayed,

    /// <summary>It was refused, and nothing was sent.</summary>
    Refused,
}
