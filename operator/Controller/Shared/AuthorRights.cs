namespace AgentReadiness.Controller.Shared;

/// <summary>What the platform team lets authors of agents and suites have, beyond what the objects of their namespace say.</summary>
public sealed record AuthorRights
{
    /// <summary>
    /// A template names only Secrets with the label, and a key goes only to hosts of the annotation. False (AUTHOR_ANY_SECRET is "true"):
    /// any Secret of the namespace but the keys of agents, and keys go anywhere; no Secret is watched then.
    /// </summary>
    public bool MarkedSecretsOnly { get; init; } = true;

    /// <summary>RuntimeClasses that templates may name (AUTHOR_RUNTIME_CLASSES, separated by commas).</summary>
    public IReadOnlyList<string> RuntimeClasses { get; init; } = [];

    /// <summary>PriorityClasses that templates may name (AUTHOR_PRIORITY_CLASSES, separated by commas).</summary>
    public IReadOnlyList<string> PriorityClasses { get; init; } = [];

    /// <summary>
    /// Annotations that templates may have beside the harmless ones (AUTHOR_ANNOTATIONS, separated by commas): whole keys, or "domain/*".
    /// </summary>
    public IReadOnlyList<string> Annotations { get; init; } = [];
}
