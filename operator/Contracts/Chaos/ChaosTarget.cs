namespace AgentReadiness.Contracts.Chaos;

/// <summary>What a call goes to, as chaos counts calls.</summary>
/// <param name="IsTool">A tool by its name; else an upstream of models by its name.</param>
/// <param name="Name">The name.</param>
public readonly record struct ChaosTarget(bool IsTool, string Name);
