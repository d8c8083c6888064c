namespace AgentReadiness.Contracts.Guardrail;

/// <summary>A port of the pod that the guardrail listens on, and the agent's own port behind it (127.0.0.1).</summary>
public sealed class InboundPort
{
    /// <summary>The port's name in <c>spec.ports</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The guardrail's port, on every address of the pod.</summary>
    public required int ListenPort { get; init; }

    /// <summary>The agent's port.</summary>
    public required int TargetPort { get; init; }
}
