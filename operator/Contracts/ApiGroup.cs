namespace AgentReadiness.Contracts;

/// <summary>The API group of the operator's resources. Token audiences and label names begin with it.</summary>
public static class ApiGroup
{
    /// <summary>The group's name.</summary>
    public const string Name = "agentreadiness.dev";
}
