namespace AgentReadiness.Pricing;

/// <summary>Why nothing bounds what a call can cost.</summary>
/// <param name="Parameter">The field of the request that it comes from.</param>
/// <param name="Why">What is not known, and what to do about it.</param>
public sealed record UnboundedCost(string Parameter, string Why);
