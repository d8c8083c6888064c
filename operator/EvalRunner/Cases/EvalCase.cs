using AgentReadiness.EvalRunner.Agents;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>One message to the agent, and what its answer is held to.</summary>
/// <param name="Input">What the agent is told.</param>
/// <param name="Grader">The expectation; null where any answer is fine.</param>
/// <param name="TakesRefusal">A refusal by HTTP status is an answer.</param>
internal sealed record Turn(string Input, IGrader? Grader, bool TakesRefusal);

/// <summary>One case.</summary>
/// <param name="Id">Unique in the file.</param>
/// <param name="Turns">At least one; the last one is held to the case's own expectation, too.</param>
/// <param name="Tags">For example "safety".</param>
internal sealed record EvalCase(string Id, IReadOnlyList<Turn> Turns, IReadOnlyList<string> Tags)
{
    /// <summary>The expectation of the last answer.</summary>
    public IGrader? Grader => Turns[^1].Grader;

    /// <summary>How much the case counts.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>All turns together must not take longer.</summary>
    public TimeSpan? MaxLatency { get; init; }

    /// <summary>All turns together must not cost more, in USD.</summary>
    public decimal? MaxCost { get; init; }

    /// <summary>For an agent with an API of its own; null for chat.</summary>
    public RequestTemplate? Request { get; init; }
}

/// <summary>What expectations need besides themselves.</summary>
/// <param name="Refusal">How the agent declares a refusal.</param>
internal sealed record CaseContext(RefusalRule Refusal)
{
    /// <summary>The model that judges; null where none is set.</summary>
    public Judge? Judge { get; init; }

    /// <summary>Where a case does not say how many.</summary>
    public int JudgeVotes { get; init; } = 1;
}

/// <summary>The cases cannot be run; the message names the line and the field, and quotes nothing of the held-out set.</summary>
internal sealed class CasesException(string message) : Exception(message);
