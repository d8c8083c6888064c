namespace AgentReadiness.EvalRunner.Grading;

/// <summary>What a grader found.</summary>
/// <param name="Passed">The answer meets the expectation.</param>
/// <param name="Reason">One short line. It never quotes the expectation or the answer: it is printed, and the set is held out.</param>
internal readonly record struct Grade(bool Passed, string Reason)
{
    public static readonly Grade Pass = new(true, "as expected");

    public static Grade Fail(string reason) => new(false, reason);
}

/// <summary>Compares an answer with one expectation. Pure, safe for concurrent use, and bounded in time whatever the answer is.</summary>
internal interface IGrader
{
    /// <summary>Grades an answer.</summary>
    Grade Grade(string answer);
}
