using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Contracts.Guardrail;

/// <summary>The operator's grant endpoint and how the two trust each other.</summary>
public sealed class BudgetAuthority
{
    /// <summary>Base URL, https; grants are POSTed to <see cref="GrantProtocol.Path"/> under it.</summary>
    public required string Url { get; init; }

    /// <summary>PEM certificates that the endpoint's certificate must chain to.</summary>
    public required string CaFile { get; init; }

    /// <summary>The projected service-account token of audience <see cref="GrantProtocol.Audience"/>; the kubelet rotates it.</summary>
    public required string TokenFile { get; init; }

    /// <summary>True: spend is counted and what would be refused is told, but no call waits or is refused for money.</summary>
    public bool Observe { get; init; }

    /// <summary>How long a call that fits the cap waits for money that others hold, as a Go duration.</summary>
    public string MaxWait { get; set; } = "2s";

    /// <summary>
    /// How long after the endpoint stopped answering calls still wait for it, as a Go duration: longer than a leader's Lease (15 s) and
    /// the start of a new pod as its successor take, so that a failover delays calls and loses none.
    /// </summary>
    public string FailoverWait { get; set; } = "45s";
}
