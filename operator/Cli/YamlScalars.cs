using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentReadiness.Cli;

/// <summary>
/// What a plain YAML scalar means to kubectl. Its library (sigs.k8s.io/yaml over go-yaml v2) follows neither YAML 1.1 nor 1.2 to
/// the letter: yes and on are booleans, 0777 is octal, 1_000 is a thousand, 08 is eight. A manifest must mean the same here and there.
/// </summary>
internal static partial class YamlScalars
{
    /// <summary>The value of a plain scalar, or of one with a standard tag.</summary>
    /// <exception cref="FormatException">JSON has no such value, for example for infinity.</exception>
    public static JsonNode? Resolve(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return true;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return false;
            case ".nan" or ".NaN" or ".NAN" or ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF":
                throw new FormatException($"\"{text}\" is no number that JSON has");
            default:
                return Number(text) ?? text;
        }
    }

    private static JsonNode? Number(string text)
    {
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('+' or '-' or '.'))
            return null;
        var plain = text[0] == '.' ? text : text.Replace("_", string.Empty, StringComparison.Ordinal);
        if (Integer().Match(plain) is { Success: true } integer)
        {
            var (digits, radix) = integer.Groups switch
            {
                { } groups when groups["hex"].Success => (groups["hex"].Value, 16u),
                { } groups when groups["octal"].Success => (groups["octal"].Value, 8u),
                { } groups when groups["binary"].Success => (groups["binary"].Value, 2u),
                var groups => (groups["decimal"].Value, 10u),
            };
            if (Magnitude(digits, radix) is { } magnitude)
            {
                if (plain[0] != '-')
                    return magnitude <= long.MaxValue ? (long)magnitude
                        : plain[0] == '+' ? Float(plain)
                        : magnitude;
                if (magnitude <= (ulong)long.MaxValue + 1)
                    return unchecked(-(long)magnitude);
            }
        }
        return Float(plain);
    }

    private static ulong? Magnitude(string digits, uint radix)
    {
        UInt128 value = 0;
        foreach (var digit in digits)
        {
            value = (value * radix) + (uint)Convert.ToInt32(digit.ToString(), 16);
            if (value > ulong.MaxValue)
                return null;
        }
        return (ulong)value;
    }

    private static JsonValue? Float(string plain) =>
        FloatForm().IsMatch(plain)
        && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value)
            ? JsonValue.Create(value)
            : null;

    // The forms of Go's strconv.ParseInt with base 0. A leading zero means octal, so 08 is not an integer and becomes a float.
    [GeneratedRegex(
        "^[-+]?(0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|0[oO]?(?<octal>[0-7]+)|(?<decimal>0|[1-9][0-9]*))$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex FloatForm();
}
