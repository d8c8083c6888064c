namespace AgentReadiness.Controller.Shared;

/// <summary>What pods of a revision are for.</summary>
public enum Track
{
    /// <summary>They may receive production traffic.</summary>
    Serving,

    /// <summary>Only evals reach them.</summary>
    Eval,
}
