namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part FailureModes that are about injected prompts.</summary>
public static class ScreeningChecks
{
    /// <summary>What is declared for screening can be done.</summary>
    public static Check Mode { get; } =
        new(
            "FAI-010",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "What is done with a text that gives the model orders is declared in words that the guardrail knows.",
            "Set spec.guardrails.screening.mode to Flag, Mark or Block, or leave screening out."
        );

    internal static IReadOnlyList<Check> All { get; } = [Mode];
}
