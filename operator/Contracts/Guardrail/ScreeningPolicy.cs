namespace AgentReadiness.Contracts.Guardrail;

/// <summary>What is done where a text that should only inform the model gives it orders.</summary>
public sealed class ScreeningPolicy
{
    /// <summary>Flag: it is counted and logged.</summary>
    public const string Flag = "Flag";

    /// <summary>Mark: and the text of a tool is delimited as data, with a sentence before it.</summary>
    public const string Mark = "Mark";

    /// <summary>Block: it is withheld, and so is what cannot be screened.</summary>
    public const string Block = "Block";

    /// <summary>Flag, Mark or Block.</summary>
    public required string Mode { get; init; }
}
