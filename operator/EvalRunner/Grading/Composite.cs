namespace AgentReadiness.EvalRunner.Grading;

/// <summary>Every expectation must hold; the score is the lowest.</summary>
internal sealed class AllGrader(IEnumerable<IGrader> graders) : IGrader
{
    private readonly IReadOnlyList<IGrader> graders = [.. graders.OrderBy(grader => grader.IsCostly)];

    public bool IsCostly => graders.Any(grader => grader.IsCostly);

    public async ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken)
    {
        var worst = Grade.Pass;
        foreach (var grader in graders)
        {
            // Nothing is lower: no judge is asked for an answer that has failed.
            if (worst is { Passed: false, Score: 0 })
                break;
            var grade = await grader.GradeAsync(answer, cancellationToken);
            if (grade.Unmeasured)
                return grade;
            worst = Worst(worst, grade);
        }
        return worst;
    }

    /// <summary>Both must hold.</summary>
    public static Grade Worst(Grade one, Grade other) =>
        one.Unmeasured ? one
        : other.Unmeasured ? other
        : new Grade(Math.Min(one.Score, other.Score), one.Passed && other.Passed, one.Passed ? other.Reason : one.Reason);
}

/// <summary>One of the alternatives must hold; the score is the highest.</summary>
internal sealed class AnyGrader(IEnumerable<IGrader> graders) : IGrader
{
    private readonly IReadOnlyList<IGrader> graders = [.. graders.OrderBy(grader => grader.IsCostly)];

    public bool IsCostly => graders.Any(grader => grader.IsCostly);

    public async ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken)
    {
        var best = Grade.Fail("no alternative holds");
        Grade? unmeasured = null;
        foreach (var grader in graders)
        {
            var grade = await grader.GradeAsync(answer, cancellationToken);
            if (grade.Unmeasured)
                unmeasured ??= grade;
            else if ((grade.Passed, grade.Score).CompareTo((best.Passed, best.Score)) > 0)
                best = grade.Passed ? grade : best with { Score = grade.Score };
            if (best is { Passed: true, Score: 1 })
                break;
        }
        // One that holds is enough; none that holds is no proof while one could not be graded.
        return best.Passed ? best : unmeasured ?? best;
    }
}
