using System.Text.RegularExpressions;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>How an agent declares that it refuses, besides message.refusal.</summary>
internal sealed record RefusalRule
{
    /// <summary>The HTTP status of a refusal.</summary>
    public int Status { get; init; } = 422;

    /// <summary>Matches the text of a refusal; null where no text is one.</summary>
    public RegexGrader? Text { get; init; }

    /// <summary>Whether a text is a refusal.</summary>
    public bool IsRefusal(string text) => Text?.Grade(text).Passed == true;

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static RegexGrader ReadText(string expression)
    {
        try
        {
            return new RegexGrader(expression);
        }
        catch (RegexParseException exception)
        {
            throw new FormatException($"REFUSAL_TEXT is not a regular expression: {exception.Error}", exception);
        }
    }
}

/// <summary>The agent refuses, and says so in a way that a program can tell.</summary>
internal sealed class RefusalGrader(RefusalRule rule) : IGrader
{
    public ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken) =>
        new(answer.Refused || rule.IsRefusal(answer.Text) ? Grade.Pass : Grade.Fail("the agent did not declare a refusal"));
}
