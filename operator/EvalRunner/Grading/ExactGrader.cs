namespace AgentReadiness.EvalRunner.Grading;

/// <summary>The whole answer, ordinal; white space at both ends does not count.</summary>
internal sealed class ExactGrader(string expected) : TextGrader
{
    private readonly string expected = expected.Trim();

    public override Grade Grade(string answer) =>
        answer.AsSpan().Trim().SequenceEqual(expected) ? Grading.Grade.Pass : Grading.Grade.Fail("another text than expected");
}
