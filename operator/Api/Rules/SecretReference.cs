namespace AgentReadiness.Api.Rules;

/// <summary>A Secret that a pod template names.</summary>
/// <param name="Field">The path of the name.</param>
/// <param name="Name">The Secret's name.</param>
public readonly record struct SecretReference(string Field, string Name);
