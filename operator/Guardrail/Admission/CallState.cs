namespace AgentReadiness.Guardrail.Admission;

/// <summary>Where a call stands in the pipeline.</summary>
internal enum CallState
{
    /// <summary>Its upstream, endpoint and run are known.</summary>
    Identified,

    /// <summary>All checks let it pass.</summary>
    Checked,

    /// <summary>An attempt has all that it needs: rate, step and money.</summary>
    Claimed,

    /// <summary>The attempt is on its way, and the upstream has not answered yet.</summary>
    Sent,

    /// <summary>The answer has begun and is relayed.</summary>
    Answered,

    /// <summary>The attempt is booked, or goes on in the background.</summary>
    Settled,

    /// <summary>The agent has its answer. Nothing follows.</summary>
    Ended,
}
