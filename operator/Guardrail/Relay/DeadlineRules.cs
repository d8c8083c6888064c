namespace AgentReadiness.Guardrail.Relay;

/// <summary>What of an attempt's deadline differs between kinds of calls.</summary>
internal sealed record DeadlineRules
{
    /// <summary>How long an answer is read on after the agent has gone, to learn its usage; null: not at all.</summary>
    public TimeSpan? AfterClient { get; init; }

    /// <summary>The agent's leaving changes nothing for ten minutes: the answer is worth as much without it.</summary>
    public bool OutlivesClient { get; init; }

    /// <summary>The time for the whole bounds streams, too; else only the time between two pieces does.</summary>
    public bool WholeBoundsStreams { get; init; }

    /// <summary>The answer may be silent for as long as it likes.</summary>
    public bool IsEndless { get; init; }
}
