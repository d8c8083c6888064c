namespace AgentReadiness.EvalRunner.Grading;

/// <summary>All of the texts are somewhere in the answer; ordinal, ignoring case.</summary>
internal sealed class ContainsGrader(IReadOnlyList<string> expected) : TextGrader
{
    public override Grade Grade(string answer)
    {
        var missing = expected.Count(text => !answer.Contains(text, StringComparison.OrdinalIgnoreCase));
        return missing == 0 ? Grading.Grade.Pass : Grading.Grade.Fail($"{missing} of {expected.Count} expected texts are missing");
    }
}
