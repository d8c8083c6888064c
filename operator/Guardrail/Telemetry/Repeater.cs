namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>Who repeated a call: the words of the label <c>by</c>.</summary>
internal static class Repeater
{
    /// <summary>The guardrail.</summary>
    public const string Guardrail = "guardrail";

    /// <summary>The agent, or its SDK.</summary>
    public const string Agent = "agent";

    /// <summary>Nobody: the retry budget was used up.</summary>
    public const string None = "nobody";
}
