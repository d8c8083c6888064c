using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Cli.Validation;

/// <summary>What a schema says of texts and numbers.</summary>
internal static class ScalarChecks
{
    /// <summary>Whether a value is a whole number; 1.0 is one.</summary>
    public static bool IsWhole(JsonNode node) => node.GetValueKind() == JsonValueKind.Number && double.IsInteger(Number(node));

    /// <summary>"one of A, B".</summary>
    public static string OneOf(JsonArray words) => $"one of {string.Join(", ", words.Select(word => word!.ToString()))}";

    /// <summary>Checks a text, a number or a boolean, whose type is right.</summary>
    public static void Check(JsonNode node, JsonObject schema, string path, SchemaWalk walk)
    {
        if (schema["enum"] is JsonArray words && !words.Any(word => JsonNode.DeepEquals(word, node)))
            walk.Add(ProblemKind.Value, path, $"must be {OneOf(words)}");
        if (node.GetValueKind() == JsonValueKind.String)
            Text(node.GetValue<string>(), schema, path, walk);
        else if (node.GetValueKind() == JsonValueKind.Number)
            Range(node, schema, path, walk);
    }

    private static void Text(string text, JsonObject schema, string path, SchemaWalk walk)
    {
        var length = text.EnumerateRunes().Count();
        if (schema["minLength"]?.GetValue<long>() is { } least && length < least)
            walk.Add(ProblemKind.Value, path, $"has {length} characters and must have at least {least}");
        if (schema["maxLength"]?.GetValue<long>() is { } most && length > most)
            walk.Add(ProblemKind.Value, path, $"has {length} characters and may have at most {most}");
        if (schema["pattern"]?.GetValue<string>() is { } pattern)
        {
            switch (SchemaPattern.Matches(pattern, text))
            {
                case false:
                    walk.Add(ProblemKind.Value, path, $"{Quoted(text)} must match {pattern}");
                    break;
                case null:
                    walk.Unchecked.Add($"{path}: the pattern {pattern} cannot be evaluated here");
                    break;
            }
        }
        switch (schema["format"]?.GetValue<string>())
        {
            case null:
                break;
            case "date-time":
                if (!DateTimeFormat.IsValid(text))
                    walk.Add(ProblemKind.Value, path, $"{Quoted(text)} must be a time such as \"2030-01-31T12:00:00Z\"");
                break;
            case var format:
                walk.Unchecked.Add($"{path}: the format {format} of the schema");
                break;
        }
    }

    private static void Range(JsonNode node, JsonObject schema, string path, SchemaWalk walk)
    {
        var value = Number(node);
        var (least, most) = schema["format"]?.GetValue<string>() switch
        {
            "int32" => (int.MinValue, int.MaxValue),
            "int64" => ((double)long.MinValue, (double)long.MaxValue),
            _ => (double.NegativeInfinity, double.PositiveInfinity),
        };
        if (schema["minimum"] is { } minimum)
            least = Math.Max(least, Number(minimum));
        if (schema["maximum"] is { } maximum)
            most = Math.Min(most, Number(maximum));
        if (value < least || value > most)
            walk.Add(
                ProblemKind.Value,
                path,
                double.IsInfinity(most) ? $"must be at least {least}"
                    : double.IsInfinity(least) ? $"must be at most {most}"
                    : string.Create(CultureInfo.InvariantCulture, $"must be from {least:0} to {most:0}")
            );
    }

    private static double Number(JsonNode node) => double.Parse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string Quoted(string text) => JsonSerializer.Serialize(text.Length > 60 ? text[..60] + "…" : text, Readable);

    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
