namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>Why a call with side effects is not sent.</summary>
internal enum EffectRefusal
{
    /// <summary>It was sent before, and nobody knows whether it was done.</summary>
    Unknown,

    /// <summary>Another call had the same key.</summary>
    KeyReused,

    /// <summary>There is no room for another key in this window.</summary>
    Full,

    /// <summary>It cannot be written down.</summary>
    NotWritten,
}
