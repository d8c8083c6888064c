namespace AgentReadiness.Guardrail.Upstreams;

/// <summary>
/// What an answer says about the health of its upstream: the closed list of what is a failure. 5xx is, and 529 with it. 4xx is not: it is
/// about the caller. Nor is 429: the upstream is there, answers fast and says when to come again, and what it limits is a key or a model,
/// not all that it does. Pure.
/// </summary>
internal static class UpstreamHealth
{
    /// <summary>What a status says.</summary>
    public static UpstreamVerdict Of(int status) => status is >= 500 and <= 599 ? UpstreamVerdict.Failed : UpstreamVerdict.Answered;
}
