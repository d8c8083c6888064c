using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>A number of JSON exactly as it stands there: nothing is rounded. Pure.</summary>
/// <param name="Digits">All digits, with the sign.</param>
/// <param name="Exponent">The power of ten behind them.</param>
internal readonly record struct SchemaNumber(BigInteger Digits, int Exponent)
{
    private const int LongestLiteral = 64;
    private const int LargestExponent = 400;

    /// <summary>Reads a number; null for what is none, or has more digits than anybody means.</summary>
    public static SchemaNumber? Of(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Number)
            return null;
        var raw = JsonMarshal.GetRawUtf8Value(element);
        if (raw.Length > LongestLiteral)
            return null;
        var text = Encoding.ASCII.GetString(raw);
        var mark = text.AsSpan().IndexOfAny('e', 'E');
        var exponent = 0;
        if (mark >= 0 && !int.TryParse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
            return null;
        var mantissa = mark < 0 ? text : text[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (Math.Abs((long)exponent) > LargestExponent)
            return null;
        if (point >= 0)
            exponent -= mantissa.Length - point - 1;
        return new SchemaNumber(
            BigInteger.Parse(
                mantissa.Replace(".", "", StringComparison.Ordinal),
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture
            ),
            exponent
        );
    }

    /// <summary>It has no fraction: 1, 1.0 and 10e-1 are whole.</summary>
    public bool IsWhole => Exponent >= 0 || BigInteger.Remainder(Digits, BigInteger.Pow(10, -Exponent)).IsZero;

    /// <summary>Compares two numbers.</summary>
    public int CompareTo(SchemaNumber other)
    {
        var (left, right) = Align(this, other);
        return left.CompareTo(right);
    }

    /// <summary>It is so many times the other one, which is not 0.</summary>
    public bool IsMultipleOf(SchemaNumber other)
    {
        var (left, right) = Align(this, other);
        return BigInteger.Remainder(left, right).IsZero;
    }

    private static (BigInteger Left, BigInteger Right) Align(SchemaNumber left, SchemaNumber right)
    {
        var least = Math.Min(left.Exponent, right.Exponent);
        return (left.Digits * BigInteger.Pow(10, left.Exponent - least), right.Digits * BigInteger.Pow(10, right.Exponent - least));
    }
}
