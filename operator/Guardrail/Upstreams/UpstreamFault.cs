namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>How an upstream failed to answer.</summary>
internal enum UpstreamFault
{
    /// <summary>It did not answer in time, or the call was called off.</summary>
    Timeout,

    /// <summary>It cannot be reached: no byte of the request has left, so nothing can be billed.</summary>
    Unreachable,

    /// <summary>It broke off after the request, or a part of it, had left.</summary>
    BrokenOff,
}
