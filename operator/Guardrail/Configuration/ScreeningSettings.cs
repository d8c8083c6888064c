using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>A <see cref="ScreeningPolicy"/>, read.</summary>
internal sealed class ScreeningSettings
{
    /// <param name="policy">As the configuration has it.</param>
    /// <exception cref="FormatException">Its mode is not known.</exception>
    public ScreeningSettings(ScreeningPolicy policy)
    {
        if (policy.Mode is not (ScreeningPolicy.Flag or ScreeningPolicy.Mark or ScreeningPolicy.Block))
            throw new FormatException($"screening.mode: \"{policy.Mode}\" is none of Flag, Mark and Block");
        (Marks, Blocks) = (policy.Mode == ScreeningPolicy.Mark, policy.Mode == ScreeningPolicy.Block);
    }

    /// <summary>A tool's text is delimited as data.</summary>
    public bool Marks { get; }

    /// <summary>A text is withheld.</summary>
    public bool Blocks { get; }
}
