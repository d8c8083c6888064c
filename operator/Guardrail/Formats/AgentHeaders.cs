namespace AgentReadiness.Guardrail.Formats;

/// <summary>The headers that the guardrail and the agent have for each other.</summary>
internal static class AgentHeaders
{
    /// <summary>The ID of a run. The agent sends it along with its calls, and the client of the agent learns it.</summary>
    public const string RunId = "X-Agent-Run-Id";

    /// <summary>What a run has cost so far, USD.</summary>
    public const string RunCost = "X-Agent-Run-Cost";

    /// <summary>How a run ended, where the agent declares how it refuses: the client learns it.</summary>
    public const string Outcome = "X-Agent-Outcome";

    /// <summary>The upstream that answered a call in the place of the one that was called: its agent learns it.</summary>
    public const string Fallback = "X-Agent-Fallback";

    /// <summary>
    /// How many calls of a run went to another upstream than the one that was called, where a fallback is declared: its client learns it.
    /// </summary>
    public const string Fallbacks = "X-Agent-Fallbacks";

    /// <summary>The beginning of the headers that carry a tag of the spend.</summary>
    public const string TagPrefix = "X-Agent-Tag-";

    /// <summary>W3C Baggage.</summary>
    public const string Baggage = "baggage";
}
