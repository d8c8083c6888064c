using AgentReadiness.Api.Guardrail;

namespace AgentReadiness.Guardrail;

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
    Task<GrantResponse> SendAsync(GrantRequest request, CancellationToken cancellation);
}

/// <summary>Why a call got no money.</summary>
internal enum GrantRefusal
{
    /// <summary>It did get it.</summary>
    None,

    /// <summary>It fits the cap, but others hold the money.</summary>
    Contended,

    /// <summary>It does not fit what is left of the cap.</summary>
    Exhausted,

    /// <summary>The operator does not answer, and what is held is not enough.</summary>
    Unreachable,

    /// <summary>The guardrail is shutting down.</summary>
    Stopping,
}

/// <summary>A reservation, or why there is none; both where the budget is only observed and would have refused.</summary>
internal readonly record struct GrantResult(Reservation? Reservation, GrantRefusal Refusal);
