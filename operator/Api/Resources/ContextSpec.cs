using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// What is done with a model request that does not fit the model's context window, or from which the run's system prompt is gone. Absent:
/// nobody looks.
/// </summary>
[ValidationRule(
    "!has(self.failMode) || (has(self.onOverflow) && self.onOverflow == 'Refuse')",
    "failMode needs onOverflow: Refuse: nothing else refuses"
)]
public sealed class ContextSpec
{
    /// <summary>What is done with such a request.</summary>
    [Required]
    public OverflowMode? OnOverflow { get; set; }

    /// <summary>
    /// The part of the window, in percent, that a request must leave free: for the answer, and for what an estimate of tokens may be wrong
    /// by.
    /// </summary>
    [DefaultJson("5"), Range(0, 50)]
    public int? ReservePercent { get; set; }

    /// <summary>
    /// With onOverflow Refuse: what is done with a request of which nobody knows whether it fits, since the price catalog has no window of
    /// the model, or pictures, sounds, files or what is stored at the provider are in it. Absent: Open.
    /// </summary>
    public FailMode? FailMode { get; set; }
}

/// <summary>What is done with a model request that does not fit.</summary>
public enum OverflowMode
{
    /// <summary>It is counted, logged and told to the agent in a header.</summary>
    Flag,

    /// <summary>It is refused before it is sent, in words that frameworks know as the provider's own.</summary>
    Refuse,
}
