using System.Globalization;
using System.Numerics;

namespace AgentReadiness.Guardrail.SideEffects;

/// <summary>One spelling for each number of JSON, whatever its size: nothing is rounded. Pure.</summary>
internal static class ExactNumber
{
    private const int LongestRead = 1000;

    /// <summary>The digits without zeros at either end, and the power of ten behind them: 1500 and 1.5e3 are "15e2".</summary>
    /// <param name="literal">A number as JSON writes it (RFC 8259, 6).</param>
    public static string Of(string literal)
    {
        // Nobody means such a number, and to work it out would take long.
        if (literal.Length > LongestRead)
            return literal;
        var mark = literal.AsSpan().IndexOfAny('e', 'E');
        var mantissa = mark < 0 ? literal : literal[..mark];
        var exponent =
            mark < 0
                ? BigInteger.Zero
                : BigInteger.Parse(literal[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = mantissa[0] == '-' ? "-" : "";
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
            exponent -= mantissa.Length - point - 1;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('-', '0');
        var significant = digits.TrimEnd('0');
        return significant.Length == 0
            ? "0"
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{significant}e{exponent + (digits.Length - significant.Length)}");
    }
}
