namespace AgentReadiness.Controller.Shared;

/// <summary>What the operator knows of its environment, fixed for the life of the process but for <paramref name="GrantsCa"/>.</summary>
/// <param name="GuardrailImage">The guardrail's image.</param>
/// <param name="GrantsUrl">The grant endpoint as pods reach it.</param>
/// <param name="GrantsCa">PEM certificates that guardrails are to trust, as of the observation.</param>
/// <param name="Server">What the API server has.</param>
/// <param name="ExceptionNamespaces">Namespaces whose ReadinessExceptions are honoured.</param>
public sealed record OperatorEnvironment(
    string GuardrailImage,
    string GrantsUrl,
    string GrantsCa,
    ServerFeatures Server,
    IReadOnlyList<string> ExceptionNamespaces
)
{
    /// <summary>Resources of a guardrail whose agent names none.</summary>
    public ContainerResources GuardrailResources { get; init; } = ContainerResources.Guardrail;

    /// <summary>Resources of the built-in runner where the suite names none, and of the reporter beside each runner.</summary>
    public ContainerResources RunnerResources { get; init; } = ContainerResources.Runner;

    /// <summary>What authors may have.</summary>
    public AuthorRights Authors { get; init; } = new();
}
