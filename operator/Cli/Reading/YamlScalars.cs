using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentReadiness.Cli.Reading;

/// <summary>
/// What a plain YAML scalar means to kubectl. Its library (sigs.k8s.io/yaml over go-yaml v2) follows neither YAML 1.1 nor 1.2 to
/// the letter: yes and on are booleans, 0777 is octal, 1_000 is a thousand, 08 is eight. A manifest must mean the same here and there.
/// </summary>
internal static partial class YamlScalars
{
    /// <summary>The tag of the key of a merge.</summary>
    public const string MergeTag = Standard + "merge";

    private const string Standard = "tag:yaml.org,2002:";

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

    /// <summary>The value of a scalar with a tag, in whatever style. A tag that is none of the standard ones makes a text.</summary>
    /// <exception cref="FormatException">The value is not what its tag says.</exception>
    public static JsonNode? Tagged(string tag, string text)
    {
        if (tag == Standard + "binary")
            return Binary(text);
        if (
            !tag.StartsWith(Standard, StringComparison.Ordinal)
            || tag[Standard.Length..] is not ("int" or "float" or "bool" or "null" or "timestamp")
        )
            return text;
        var value = Resolve(text);
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        var fits = tag[Standard.Length..] switch
        {
            "int" => kind == JsonValueKind.Number && !value!.AsValue().TryGetValue<double>(out _),
            "float" => kind == JsonValueKind.Number,
            "bool" => kind is JsonValueKind.True or JsonValueKind.False,
            "null" => kind == JsonValueKind.Null,
            _ => kind == JsonValueKind.String && Timestamp().IsMatch(text),
        };
        return fits ? value : throw new FormatException($"\"{text}\" is not what its tag says");
    }

    /// <summary>The text that infinity and "not a number" become as keys; null for everything else.</summary>
    public static string? SpecialKey(string text) =>
        text switch
        {
            ".nan" or ".NaN" or ".NAN" => ".nan",
            ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" => ".inf",
            "-.inf" or "-.Inf" or "-.INF" => "-.inf",
            _ => null,
        };

    /// <summary>The text that a key becomes; null where kubectl takes no such key.</summary>
    public static string? Key(JsonNode? key) =>
        key is not JsonValue value ? null
        : value.TryGetValue<string>(out var text) ? text
        : value.TryGetValue<double>(out var number) ? FloatKey(number)
        : value.TryGetValue<ulong>(out var large) && large > long.MaxValue ? null
        : value.ToJsonString();

    // Go's strconv.FormatFloat(key, 'g', -1, 32): kubectl's library keeps the precision of a float32.
    private static string FloatKey(double key)
    {
        var single = (float)key;
        if (!float.IsFinite(single))
            return single < 0 ? "-.inf" : ".inf";
        var parts = single.ToString("E8", CultureInfo.InvariantCulture);
        for (var precision = 0; precision < 9; precision++)
        {
            var candidate = single.ToString("E" + precision, CultureInfo.InvariantCulture);
            if (float.Parse(candidate, CultureInfo.InvariantCulture) == single)
            {
                parts = candidate;
                break;
            }
        }
        var mark = parts.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(parts[(mark + 1)..], CultureInfo.InvariantCulture);
        if (single == 0 || exponent is >= -4 and < 6)
            return single.ToString("R", CultureInfo.InvariantCulture);
        var sign = exponent < 0 ? "-" : "+";
        return $"{parts[..mark]}e{sign}{Math.Abs(exponent):00}";
    }

    private static string Binary(string text)
    {
        try
        {
            return new UTF8Encoding(false, true).GetString(Convert.FromBase64String(text));
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            throw new FormatException("!!binary must be base64 of a text: write the text itself", exception);
        }
    }

    private static JsonNode? Number(string text)
    {
        if (!char.IsAsciiDigit(text[0]) && text[0] is not ('+' or '-' or '.'))
            return null;
        // After a point Go reads the number itself, and takes underscores between digits only; elsewhere all of them are dropped first.
        if (text[0] == '.')
            return PointForm().IsMatch(text) ? Float(text.Replace("_", string.Empty, StringComparison.Ordinal)) : null;
        var plain = text.Replace("_", string.Empty, StringComparison.Ordinal);
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
        @"^[-+]?(0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|0[oO]?(?<octal>[0-7]+)|(?<decimal>0|[1-9][0-9]*))\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex PointForm();

    [GeneratedRegex(
        @"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?)?\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Timestamp();
}
