using AgentReadiness.Api.Schema;

namespace AgentReadiness.Api.Resources;

/// <summary>
/// Screening of what users say and tools answer, by rules: attempts to give the model orders, to take secrets out, to hide from the user.
/// Absent: nobody looks.
/// </summary>
public sealed class ScreeningSpec
{
    /// <summary>What is done with such a text.</summary>
    [Required]
    public ScreeningMode? Mode { get; set; }
}

/// <summary>What is done with a text that gives the model orders.</summary>
public enum ScreeningMode
{
    /// <summary>It is counted and logged.</summary>
    Flag,

    /// <summary>A tool's text is delimited as data, with a sentence before it that says so; what a user says stays as it is.</summary>
    Mark,

    /// <summary>A tool's text is withheld, a model call with such a text is refused; so is what cannot be screened.</summary>
    Block,
}
