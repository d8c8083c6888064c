using System.Text.RegularExpressions;

namespace AgentReadiness.ApiServer.Tests.Definitions;

/// <summary>Fields of JSON trees by paths such as "spec.evals[0].minScore".</summary>
internal static partial class JsonFields
{
    /// <summary>The value of a field that is there.</summary>
    public static JsonNode Field(this JsonObject tree, string path) =>
        Steps(path).Aggregate((JsonNode)tree, (node, step) => step[0] == '[' ? node[Index(step)]! : node[step]!);

    /// <summary>Sets a field, to null too.</summary>
    public static void SetField(this JsonObject tree, string path, JsonNode? value)
    {
        var steps = Steps(path);
        var node = (JsonNode)tree;
        foreach (var step in steps.SkipLast(1))
            node = step[0] == '[' ? node[Index(step)]! : node[step]!;
        if (steps[^1][0] == '[')
            node.AsArray()[Index(steps[^1])] = value;
        else
            node.AsObject()[steps[^1]] = value;
    }

    private static List<string> Steps(string path) => [.. Step().Matches(path).Select(match => match.Value)];

    private static int Index(string step) => int.Parse(step.Trim('[', ']'), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"[A-Za-z0-9]+|\[\d+\]")]
    private static partial Regex Step();
}
