using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cel;

namespace AgentReadiness.Cli.Validation;

/// <summary>What became of a CEL rule.</summary>
/// <param name="Holds">Whether it holds; null where this program cannot tell.</param>
/// <param name="Why">Why it cannot.</param>
internal readonly record struct CelAnswer(bool? Holds, string Why = "");

/// <summary>
/// The CEL rules of a schema, as far as the library can evaluate them. It lacks most of Kubernetes' own functions, and optional types, and
/// it throws where CEL would go on after an error: what it cannot do is unchecked, never passed.
/// </summary>
internal static partial class CelRules
{
    /// <summary>Whether a rule compares with the object as it was.</summary>
    public static bool IsAboutChanges(string rule) => OldSelf().IsMatch(rule);

    /// <summary>Evaluates a rule.</summary>
    /// <param name="rule">The expression.</param>
    /// <param name="self">The value at which it stands, with its defaults.</param>
    public static CelAnswer Evaluate(string rule, JsonNode self)
    {
        if (Translate(rule) is not { } translated)
            return new CelAnswer(null, "it uses has() or matches() in a form that is not known here");
        try
        {
            var environment = new CelEnvironment(null, string.Empty);
            // Of Kubernetes' own functions, the one that our rules use.
            environment.RegisterFunction("sum", [typeof(IEnumerable)], values => ((IEnumerable)values[0]!).Cast<long>().Sum());
            var answer = environment.Compile(translated)(new Dictionary<string, object?> { ["self"] = Plain(self) });
            return answer is bool holds ? new CelAnswer(holds) : new CelAnswer(null, "it gives no boolean");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new CelAnswer(null, exception.Message);
        }
    }

    // The library takes empty texts, lists and maps for absent ones, which Kubernetes does not: has() becomes a look at the keys. Its
    // expressions are .NET's, where "$" means something else.
    private static string? Translate(string rule)
    {
        var translated = Has().Replace(rule, "('$2' in $1)");
        if (AnyHas().IsMatch(translated))
            return null;
        var known = true;
        translated = Matches()
            .Replace(
                translated,
                match =>
                {
                    var pattern = match.Groups[1].Value;
                    if (pattern.Contains('\\', StringComparison.Ordinal) || SchemaPattern.Translate(pattern) is not { } expression)
                    {
                        known = false;
                        return match.Value;
                    }
                    return $"matches('{expression.Replace("\\", "\\\\", StringComparison.Ordinal)}')";
                }
            );
        return known && Matches().Count(translated) == AnyMatches().Count(translated) ? translated : null;
    }

    private static object? Plain(JsonNode? node) =>
        node switch
        {
            JsonObject fields => fields.ToDictionary(field => field.Key, field => Plain(field.Value), StringComparer.Ordinal),
            JsonArray items => items.Select(Plain).ToArray(),
            null => null,
            _ => node.GetValueKind() switch
            {
                JsonValueKind.String => node.GetValue<string>(),
                JsonValueKind.True => true,
                JsonValueKind.False => false,
                _ when Whole(Number(node)) is { } whole => whole,
                _ => Number(node),
            },
        };

    // kubectl sends 1.0 as 1.
    private static long? Whole(double value) => double.IsInteger(value) && Math.Abs(value) < 1L << 53 ? (long)value : null;

    private static double Number(JsonNode node) => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\boldSelf\b")]
    private static partial Regex OldSelf();

    [GeneratedRegex(@"\bhas\(([A-Za-z_][A-Za-z0-9_.]*)\.([A-Za-z_][A-Za-z0-9_]*)\)")]
    private static partial Regex Has();

    [GeneratedRegex(@"\bhas\s*\(")]
    private static partial Regex AnyHas();

    [GeneratedRegex(@"\bmatches\('([^']*)'\)")]
    private static partial Regex Matches();

    [GeneratedRegex(@"\bmatches\s*\(")]
    private static partial Regex AnyMatches();
}
