namespace AgentReadiness.Controller.Lending;

/// <summary>What the owners of a namespace's objects let templates and guardrails have of them: those that were asked for.</summary>
public sealed record LentObjects
{
    /// <summary>ServiceAccounts with the label.</summary>
    public IReadOnlySet<string> Accounts { get; init; } = new HashSet<string>();

    /// <summary>PersistentVolumeClaims with the label.</summary>
    public IReadOnlySet<string> Claims { get; init; } = new HashSet<string>();

    /// <summary>Secrets that a template may name: with the label where that is needed, and no key of anybody's.</summary>
    public IReadOnlySet<string> Secrets { get; init; } = new HashSet<string>();

    /// <summary>From Secrets that hold keys to the hosts of their annotation.</summary>
    public IReadOnlyDictionary<string, string> Hosts { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys may be sent anywhere: the platform team has turned the annotation off.</summary>
    public bool AnyHost { get; init; }
}
