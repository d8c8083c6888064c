using System.Text.Json;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>What a grader found.</summary>
/// <param name="Score">0 to 1.</param>
/// <param name="Passed">The answer meets the expectation.</param>
/// <param name="Reason">One short line. It never quotes the expectation or the answer: it is printed, and the set is held out.</param>
internal readonly record struct Grade(double Score, bool Passed, string Reason)
{
    public static readonly Grade Pass = new(1, true, "as expected");

    /// <summary>The answer could not be graded: it is neither good nor bad.</summary>
    public bool Unmeasured { get; private init; }

    public static Grade Fail(string reason) => new(0, false, reason);

    public static Grade NotMeasured(string reason) => new(0, false, reason) { Unmeasured = true };
}

/// <summary>A tool that the agent called.</summary>
/// <param name="Name">Of the tool.</param>
/// <param name="Arguments">As JSON; null where there are none or they are no JSON.</param>
internal sealed record ToolCall(string Name, JsonElement? Arguments);

/// <summary>What the agent answered.</summary>
/// <param name="Text">What its user gets to read.</param>
internal sealed record Answer(string Text)
{
    /// <summary>The agent declared that it refuses.</summary>
    public bool Refused { get; init; }

    /// <summary>The tools that it says it called, in their order; null where it says nothing about tools.</summary>
    public IReadOnlyList<ToolCall>? ToolCalls { get; init; }

    /// <summary>What was said before the answer, for a judge.</summary>
    public IReadOnlyList<ChatMessage> Conversation { get; init; } = [];
}

/// <summary>A message of a conversation.</summary>
/// <param name="Role">"user" or "assistant".</param>
/// <param name="Content">Its text.</param>
internal sealed record ChatMessage(string Role, string Content);

/// <summary>Compares an answer with one expectation. Safe for concurrent use, and bounded in time whatever the answer is.</summary>
internal interface IGrader
{
    /// <summary>It asks a model: asked last, and not at all where the others decide.</summary>
    bool IsCostly => false;

    /// <summary>Grades an answer. Throws for <paramref name="cancellationToken"/> only.</summary>
    ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken);
}

/// <summary>A grader that looks at the text alone. Pure.</summary>
internal abstract class TextGrader : IGrader
{
    /// <summary>Grades a text.</summary>
    public abstract Grade Grade(string answer);

    public ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken) => new(Grade(answer.Text));
}
