namespace AgentReadiness.Contracts.Guardrail;

/// <summary>Limits of one call and of one run. Null or 0: no such limit.</summary>
public sealed class RunLimits
{
    /// <summary>The most that one model call may cost, USD as a decimal string.</summary>
    public string? CallMaxCost { get; set; }

    /// <summary>The most that one run may cost, USD as a decimal string.</summary>
    public string? MaxCost { get; set; }

    /// <summary>The most tokens of one run, input and output.</summary>
    public long MaxTokens { get; set; }

    /// <summary>The most model calls of one run.</summary>
    public int MaxSteps { get; set; }

    /// <summary>The most tool calls of one run.</summary>
    public int MaxToolCalls { get; set; }

    /// <summary>The most identical calls of one run.</summary>
    public int MaxRepeats { get; set; }

    /// <summary>
    /// The longest that one run may take, as a Go duration; also the length of the account of calls that belong to no run.
    /// </summary>
    public string? MaxDuration { get; set; }

    /// <summary>The most model calls of this pod in a minute.</summary>
    public int RequestsPerMinute { get; set; }

    /// <summary>The most tokens of this pod in a minute, counted as the upper bound of each call when it starts.</summary>
    public long TokensPerMinute { get; set; }
}
