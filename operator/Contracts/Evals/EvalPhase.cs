namespace AgentReadiness.Contracts.Evals;

/// <summary>Where a run stands or how it ended. Only Passed opens the gate.</summary>
public enum EvalPhase
{
    /// <summary>Not started.</summary>
    Pending,

    /// <summary>The runner is at work.</summary>
    Running,

    /// <summary>The bar is cleared.</summary>
    Passed,

    /// <summary>The bar is missed.</summary>
    Failed,

    /// <summary>The evidence says neither.</summary>
    Inconclusive,

    /// <summary>The measurement itself failed.</summary>
    Error,
}
