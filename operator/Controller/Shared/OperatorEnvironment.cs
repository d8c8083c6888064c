using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Shared;

/// <summary>What the operator knows of its environment, fixed for the life of the process but for <paramref name="GrantsCa"/>.</summary>
/// <param name="GuardrailImage">The guardrail's image.</param>
/// <param name="GrantsUrl">The grant endpoint as pods reach it.</param>
/// <param name="GrantsCa">PEM certificates that guardrails are to trust, as of the observation.</param>
/// <param name="NativeSidecars">The server runs init containers with restartPolicy Always (Kubernetes 1.29).</param>
/// <param name="Disruptions">PodDisruptionBudgets in the version that the server has.</param>
/// <param name="ExceptionNamespaces">Namespaces whose ReadinessExceptions are honoured.</param>
public sealed record OperatorEnvironment(
    string GuardrailImage,
    string GrantsUrl,
    string GrantsCa,
    bool NativeSidecars,
    ResourceType Disruptions,
    IReadOnlyList<string> ExceptionNamespaces
);
