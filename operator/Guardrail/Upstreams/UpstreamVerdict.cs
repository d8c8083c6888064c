namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>What an attempt says about the health of its upstream.</summary>
internal enum UpstreamVerdict
{
    /// <summary>Nothing: the agent hung up, the run was over, the call was refused by us or a fault was ours.</summary>
    None,

    /// <summary>It answered as it should, or told the caller what the caller does wrong.</summary>
    Answered,

    /// <summary>It failed: it did not answer in time, the connection failed or broke off, or it answered 5xx.</summary>
    Failed,
}
