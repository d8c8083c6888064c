using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentReadiness.Cli.Reading;

/// <summary>Numbers as kubectl sends them: 1.0 and 1e2 are 1 and 100.</summary>
internal static class WholeNumbers
{
    /// <summary>Writes every number of a tree that is whole as one.</summary>
    public static void Settle(JsonNode? tree)
    {
        if (tree is JsonObject map)
        {
            foreach (var (name, value) in map.ToList())
            {
                Settle(value);
                if (Whole(value) is { } whole)
                    map[name] = whole;
            }
        }
        else if (tree is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                Settle(list[i]);
                if (Whole(list[i]) is { } whole)
                    list[i] = whole;
            }
        }
    }

    // Null for everything else, and for what is a whole number already: its digits must stay.
    private static long? Whole(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number
        && !node.AsValue().TryGetValue<long>(out _)
        && !node.AsValue().TryGetValue<ulong>(out _)
        && node.AsValue().TryGetValue<double>(out var number)
        && double.IsInteger(number)
        && Math.Abs(number) < 1L << 53
            ? (long)number
            : null;
}
