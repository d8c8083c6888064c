using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Cli.Budgets;
using AgentReadiness.Cli.Reading;

namespace AgentReadiness.Cli.Chaos;

/// <summary>Reads which cases a file has. What else stands in it, the runner checks.</summary>
internal static class CaseIds
{
    /// <summary>Whether a file of this name is YAML.</summary>
    public static bool IsYaml(string name) => Path.GetExtension(name).ToUpperInvariant() is ".YAML" or ".YML";

    /// <summary>Reads a file.</summary>
    /// <exception cref="RefusalException">It has no cases, or one of them no ID.</exception>
    public static IReadOnlyList<CaseId> Read(ReadOnlySpan<byte> file, bool yaml)
    {
        try
        {
            var text = ManifestText.Decode(file);
            List<CaseId> cases = [.. (yaml ? OfYaml(text) : OfLines(text)).Select((one, index) => Of(one, index + 1))];
            return cases.Count > 0 ? cases : throw new RefusalException("--cases: the file has no cases");
        }
        catch (Exception exception) when (exception is JsonException or ManifestException or InvalidOperationException)
        {
            throw new RefusalException($"--cases: the file cannot be read: {exception.Message}");
        }
    }

    private static IEnumerable<JsonNode?> OfLines(string text) =>
        text.Split('\n').Where(line => !string.IsNullOrWhiteSpace(line)).Select(line => JsonNode.Parse(line));

    private static JsonArray OfYaml(string text) =>
        DocumentText.Split(text, 1).Select(document => YamlDocument.Read(document)).FirstOrDefault(root => root is not null) switch
        {
            JsonArray list => list,
            JsonObject top when top["cases"] is JsonArray list => list,
            _ => [],
        };

    private static CaseId Of(JsonNode? one, int number) =>
        one is JsonObject fields && fields["id"] is JsonValue id && id.TryGetValue<string>(out var text) && text.Length > 0
            ? new CaseId(text, fields["turns"] is JsonArray turns ? Math.Max(1, turns.Count) : 1)
            : throw new RefusalException($"--cases: case {number} has no id that is a text");
}
