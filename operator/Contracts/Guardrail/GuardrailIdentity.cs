namespace AgentReadiness.Contracts.Guardrail;

/// <summary>The agent, its revision and its track.</summary>
public sealed class GuardrailIdentity
{
    /// <summary>The AgentDeployment's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The AgentDeployment's name.</summary>
    public required string Name { get; init; }

    /// <summary>The revision, as in <c>status.servingRevision</c>.</summary>
    public required string Revision { get; init; }

    /// <summary><c>serving</c>, <c>eval</c> or <c>judge</c>.</summary>
    public required string Track { get; init; }
}
