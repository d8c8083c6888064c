using System.Globalization;
using System.Text.RegularExpressions;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>
/// The last number of the answer is near the expected one, the tolerance included: models say what they count before the result.
/// </summary>
internal sealed class NumberGrader(decimal value, decimal tolerance) : TextGrader
{
    public override Grade Grade(string answer)
    {
        if (!TryLast(answer, out var number, out var any))
            return Grading.Grade.Fail(any ? "the last number is out of range" : "no number in the answer");
        decimal distance;
        try
        {
            distance = Math.Abs(number - value);
        }
        catch (OverflowException)
        {
            return Grading.Grade.Fail("the last number is out of range");
        }
        return distance <= tolerance ? Grading.Grade.Pass : Grading.Grade.Fail("the last number is off by more than the tolerance");
    }

    /// <summary>The last number of a text; commas may group its thousands.</summary>
    private static bool TryLast(string text, out decimal number, out bool any)
    {
        var last = default(ValueMatch);
        any = false;
        foreach (var match in Numbers.EnumerateMatches(text))
        {
            last = match;
            any = true;
        }
        number = 0;
        if (!any)
            return false;
        var digits = text.AsSpan(last.Index, last.Length);
        var negative = digits[0] is '-' or '\u2212';
        if (digits[0] is '-' or '\u2212' or '+')
            digits = digits[1..];
        // "10-5", "gpt-4": a sign right after a letter or digit joins, it does not negate.
        if (last.Index > 0 && char.IsLetterOrDigit(text[last.Index - 1]))
            negative = false;
        if (
            !decimal.TryParse(
                digits,
                NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands | NumberStyles.AllowExponent,
                CultureInfo.InvariantCulture,
                out number
            )
        )
            return false;
        number = negative ? -number : number;
        return true;
    }

    // Linear in the answer's length. Grouped thousands come first; an exponent needs digits, so "2e" is 2.
    private static readonly Regex Numbers = new(
        @"[-+\u2212]?([0-9]{1,3}(,[0-9]{3})+\b|[0-9]+)(\.[0-9]+)?([eE][-+]?[0-9]+)?|[-+\u2212]?\.[0-9]+([eE][-+]?[0-9]+)?",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking,
        RegexGrader.Timeout
    );
}
