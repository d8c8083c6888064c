using System.Text.RegularExpressions;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>The expression matches somewhere in the answer.</summary>
internal sealed class RegexGrader : TextGrader
{
    /// <summary>The longest that one match may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly Regex expression;

    /// <exception cref="RegexParseException">The text is not a regular expression.</exception>
    public RegexGrader(string pattern)
    {
        const RegexOptions options = RegexOptions.CultureInvariant;
        try
        {
            // Linear in the answer's length. It knows no lookaround and no backreference: those fall back to the timeout.
            expression = new Regex(pattern, options | RegexOptions.NonBacktracking, Timeout);
        }
        catch (NotSupportedException)
        {
            expression = new Regex(pattern, options, Timeout);
        }
    }

    public override Grade Grade(string answer)
    {
        try
        {
            return expression.IsMatch(answer) ? Grading.Grade.Pass : Grading.Grade.Fail("the expression does not match");
        }
        catch (RegexMatchTimeoutException)
        {
            return Grading.Grade.Fail("the expression took longer than a second");
        }
    }
}
