namespace AgentReadiness.Contracts;

/// <summary>User IDs that our containers run as. No container of a tenant may have one of them.</summary>
public static class PodUsers
{
    /// <summary>The guardrail's: a container of the agent that shared it could read the provider's key.</summary>
    public const int Guardrail = 64080;

    /// <summary>The reporter's: a runner that shared it could write the report itself.</summary>
    public const int Reporter = 64081;
}
