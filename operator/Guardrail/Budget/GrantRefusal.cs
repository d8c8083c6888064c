namespace AgentReadiness.Guardrail.Budget;

/// <summary>Why a call got no money.</summary>
internal enum GrantRefusal
{
    /// <summary>It did get it.</summary>
    None,

    /// <summary>It fits the cap, but others hold the money.</summary>
    Contended,

    /// <summary>It does not fit what is left of the cap.</summary>
    Exhausted,

    /// <summary>The operator does not answer, and what is held is not enough.</summary>
    Unreachable,

    /// <summary>The guardrail is shutting down.</summary>
    Stopping,
}
