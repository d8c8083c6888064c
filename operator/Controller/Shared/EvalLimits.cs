namespace AgentReadiness.Controller.Shared;

/// <summary>How many runs may be at work at once.</summary>
/// <param name="Cluster">In the whole cluster, at least 1.</param>
/// <param name="Namespace">For the agents of one namespace, at least 1.</param>
public sealed record EvalLimits(int Cluster, int Namespace);
