namespace AgentReadiness.Readiness.Checks;

/// <summary>Checks of the part FailureModes that are about injected prompts.</summary>
public static class ScreeningChecks
{
    /// <summary>What is declared for screening can be done.</summary>
    public static Check Screening { get; } =
        new(
            "FAI-010",
            Part.FailureModes,
            Severity.High,
            Evidence.Rule,
            "Where texts are to be screened, something crosses the guardrail, and it knows what to do with them.",
            "Declare what the agent calls in spec.guardrails.upstreams, and set screening.mode to Flag, Mark or Block; or leave "
                + "screening out."
        );

    internal static IReadOnlyList<Check> All { get; } = [Screening];
}
