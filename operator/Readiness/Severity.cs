namespace AgentReadiness.Readiness;

/// <summary>How much is lost while a check fails. It orders the gaps of an agent; every finding of a rule refuses the object.</summary>
public enum Severity
{
    /// <summary>The object cannot be carried out as it is written. Nothing that it declares is less protected.</summary>
    Medium,

    /// <summary>A limit, a gate or a measurement that the object declares would not hold, or would not hold as it is written.</summary>
    High,

    /// <summary>The agent, or the author of the object, could get around the guardrail, the cap or the gate.</summary>
    Critical,
}
