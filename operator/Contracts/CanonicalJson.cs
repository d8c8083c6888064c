using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Contracts;

/// <summary>
/// The JSON Canonicalization Scheme, RFC 8785: keys sorted by UTF-16 code units, no white space, shortest strings, numbers as
/// ECMAScript writes them. Two trees that mean the same give the same bytes.
/// One difference: from 2^53 on the RFC gives several whole numbers one spelling, and Kubernetes tells them apart up to 2^63. They are
/// written with all their digits here, so that two templates never give the same bytes.
/// </summary>
public static class CanonicalJson
{
    /// <summary>The canonical form of a tree, UTF-8.</summary>
    public static byte[] Serialize(JsonNode? node) => Serialize(node, Number);

    /// <summary>The same with numbers written in another way.</summary>
    /// <param name="node">The tree.</param>
    /// <param name="number">Writes a number; it is given what stands in the text.</param>
    public static byte[] Serialize(JsonNode? node, Func<string, string> number)
    {
        var text = new StringBuilder();
        Append(text, node, number);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, JsonNode? node, Func<string, string> number)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject members:
                text.Append('{');
                var first = true;
                foreach (var (key, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    if (!first)
                        text.Append(',');
                    first = false;
                    AppendString(text, key);
                    text.Append(':');
                    Append(text, value, number);
                }
                text.Append('}');
                break;
            case JsonArray items:
                text.Append('[');
                for (var i = 0; i < items.Count; i++)
                {
                    if (i > 0)
                        text.Append(',');
                    Append(text, items[i], number);
                }
                text.Append(']');
                break;
            default:
                AppendValue(text, node.AsValue(), number);
                break;
        }
    }

    private static void AppendValue(StringBuilder text, JsonValue value, Func<string, string> number)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.True:
                text.Append("true");
                break;
            case JsonValueKind.False:
                text.Append("false");
                break;
            case JsonValueKind.Number:
                // The number goes through text, because the node may hold any numeric CLR type.
                text.Append(number(value.ToJsonString()));
                break;
            default:
                AppendString(text, value.GetValue<string>());
                break;
        }
    }

    private static string Number(string literal)
    {
        const double Exact = 1L << 53;
        if (long.TryParse(literal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole.ToString(CultureInfo.InvariantCulture);
        var number = double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture);
        // Every double of this size is a whole number.
        return number is (>= Exact and < -(double)long.MinValue) or (<= -Exact and >= long.MinValue)
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : Number(number);
    }

    /// <summary>ECMAScript's Number::toString (ECMA-262, 6.1.6.1.20).</summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "JSON has no such number");
        if (value == 0)
            return "0";
        // "R" gives the shortest digits that are read back as the same number, as "d.ddde±x" or plain. "E16" would give too many.
        var shortest = Math.Abs(value).ToString("E16", CultureInfo.InvariantCulture);
        for (var precision = 0; precision < 17; precision++)
        {
            var candidate = Math.Abs(value).ToString("E" + precision, CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture) == Math.Abs(value))
            {
                shortest = candidate;
                break;
            }
        }
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var digits = shortest[..mark].Replace(".", string.Empty, StringComparison.Ordinal).TrimEnd('0');
        var point = int.Parse(shortest[(mark + 1)..], CultureInfo.InvariantCulture) + 1;
        var sign = value < 0 ? "-" : string.Empty;
        if (digits.Length <= point && point <= 21)
            return sign + digits + new string('0', point - digits.Length);
        if (point is > 0 and <= 21)
            return $"{sign}{digits[..point]}.{digits[point..]}";
        if (point is > -6 and <= 0)
            return $"{sign}0.{new string('0', -point)}{digits}";
        var exponent = point - 1;
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return $"{sign}{mantissa}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent).ToString(CultureInfo.InvariantCulture)}";
    }

    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var character in value)
        {
            switch (character)
            {
                case '"':
                    text.Append("\\\"");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\b':
                    text.Append("\\b");
                    break;
                case '\f':
                    text.Append("\\f");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '\r':
                    text.Append("\\r");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                case < ' ':
                    text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
                    break;
                default:
                    text.Append(character);
                    break;
            }
        }
        text.Append('"');
    }
}
