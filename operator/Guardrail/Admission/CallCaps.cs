using AgentReadiness.Contracts;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>The caps of one model call; null: no such cap.</summary>
/// <param name="CallCost">What one call may cost.</param>
/// <param name="RunCost">What the run has left.</param>
/// <param name="RunTokens">The tokens that the run has left.</param>
internal readonly record struct CallCaps(Money? CallCost, Money? RunCost, long? RunTokens)
{
    /// <summary>The lower one of the caps on cost.</summary>
    public Money? Cost => RunCost is null || CallCost < RunCost ? CallCost : RunCost;
}
