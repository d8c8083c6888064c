using AgentReadiness.Contracts.Grants;

namespace AgentReadiness.Guardrail.Budget;

/// <summary>Who answers grant requests.</summary>
internal interface IGrantAuthority
{
    /// <summary>False where the agent has no budget: then nobody is asked and nothing is refused.</summary>
    bool Configured { get; }

    /// <summary>True where no call is to wait or to be refused for money.</summary>
    bool Observes { get; }

    /// <summary>How long a call waits for money.</summary>
    TimeSpan MaxWait { get; }

    /// <summary>How long after it stopped answering a call still waits for it, where that is longer.</summary>
    TimeSpan FailoverWait { get; }

    /// <summary>Sends one request. Throws where no proper answer came.</summary>
    Task<GrantResponse> SendAsync(GrantRequest request, CancellationToken cancellationToken);
}
