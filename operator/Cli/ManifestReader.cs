using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentReadiness.Cli.Reading;

namespace AgentReadiness.Cli;

/// <summary>A manifest cannot be read or used; the message is for its author.</summary>
internal sealed class ManifestException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Reads a stream of YAML or JSON documents into JSON trees, as kubectl does from 1.33 on: JSON where a document begins as JSON and can be
/// read so, and YAML from the first document on that cannot.
/// </summary>
internal static class ManifestReader
{
    /// <summary>How deep a document may nest.</summary>
    public const int MaxDepth = 100;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Reads the objects of a file. A List is replaced by its items.</summary>
    /// <exception cref="ManifestException">It is no text, neither YAML nor JSON, or a document of it is not an object.</exception>
    public static IReadOnlyList<JsonObject> Read(ReadOnlySpan<byte> bytes) => Read(ManifestText.Decode(bytes));

    /// <summary>Reads the objects of a text. A List is replaced by its items.</summary>
    /// <exception cref="ManifestException">The text is neither YAML nor JSON, or a document of it is not an object.</exception>
    public static IReadOnlyList<JsonObject> Read(string text)
    {
        var documents = new List<JsonNode?>();
        var position = text.StartsWith('\uFEFF') ? 1 : 0;
        ManifestException? notJson = null;
        // Encoded once, and not for each value: there may be as many values as characters.
        var bytes = Encoding.UTF8.GetBytes(text[position..]).AsMemory();
        // Two values in a row without a separator make a stream of JSON, in which no YAML may follow.
        var stream = false;
        while (notJson is null && text.AsSpan(position).TrimStart().StartsWith("{"))
        {
            try
            {
                var (value, length) = Json(bytes.Span);
                documents.Add(value);
                position += Encoding.UTF8.GetCharCount(bytes.Span[..length]);
                bytes = bytes[length..];
                stream = documents.Count > 1;
            }
            catch (JsonException exception)
            {
                notJson = Fault(text, position, exception);
            }
        }
        var rest = text[position..];
        var begin = text.Length - rest.AsSpan().TrimStart().Length;
        if (stream && !string.IsNullOrWhiteSpace(rest))
            throw notJson
                ?? new ManifestException(
                    $"line {LineOf(text, begin)}: after JSON objects in a row only JSON may follow: put a line \"---\" between all"
                );
        // A separator may stand on the line on which JSON ends.
        if (documents.Count > 0 && text.AsSpan(begin).StartsWith("---"))
            rest = text[begin..];
        if (string.IsNullOrWhiteSpace(rest))
            return [.. documents.SelectMany(Expand)];
        try
        {
            documents.AddRange(DocumentText.Split(rest, LineOf(text, text.Length - rest.Length)).Select(YamlDocument.Read));
        }
        catch (ManifestException) when (notJson is not null && rest.AsSpan().TrimStart()[1..].TrimStart() is ['"', ..])
        {
            throw notJson;
        }
        return [.. documents.SelectMany(Expand)];
    }

    private static int LineOf(string text, int position) => text.AsSpan(0, position).Count('\n') + 1;

    private static (JsonNode? Value, int Length) Json(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            reader.Skip();
            var length = (int)reader.BytesConsumed;
            var node = JsonNode.Parse(bytes[..length], documentOptions: Strict);
            Walk(node);
            return (node, length);
        }
        catch (InvalidOperationException exception)
        {
            throw new ManifestException(
                "not JSON: a text has half of a surrogate pair (\\ud800 to \\udfff), which is no character: remove it",
                exception
            );
        }
    }

    private static ManifestException Fault(string text, int position, JsonException exception)
    {
        var place = exception.LineNumber is { } line
            ? $"line {LineOf(text, position) + line}, column {exception.BytePositionInLine + 1}: "
            : string.Empty;
        return new ManifestException($"not JSON: {place}{exception.Message.Split(" LineNumber:")[0]}", exception);
    }

    // Texts and numbers are decoded when they are asked for, and then some turn out to be none.
    private static void Walk(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, value) in map)
                    Walk(value);
                break;
            case JsonArray list:
                foreach (var value in list)
                    Walk(value);
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number && !double.IsFinite(value.GetValue<double>()):
                throw new ManifestException($"not JSON: {value.ToJsonString()} is beyond every number that kubectl sends");
        }
    }

    // kubectl takes every object with items for a list. Items that name no kind are of the kind that the list is of.
    private static IEnumerable<JsonObject> Expand(JsonNode? node)
    {
        WholeNumbers.Settle(node);
        if (node is null)
            return [];
        if (node is not JsonObject single)
            throw new ManifestException("a document is not an object");
        if (!single.TryGetPropertyValue("items", out var items))
            return [single];
        if (items is not (null or JsonArray))
            throw new ManifestException("items of a list must be a list");
        return (items as JsonArray ?? []).Select((item, index) => Item(single, item, index)).ToList();
    }

    private static JsonObject Item(JsonObject list, JsonNode? item, int index)
    {
        if (item is not JsonObject found)
            throw new ManifestException($"items[{index}] of a list is not an object");
        if (found.ContainsKey("items"))
            throw new ManifestException($"items[{index}] of a list is a list itself, which kubectl does not read: list its items");
        if (
            found["kind"] is null
            && found["apiVersion"] is null
            && list["kind"] is JsonValue kind
            && kind.TryGetValue<string>(out var name)
            && name.EndsWith("List", StringComparison.Ordinal)
            && name.Length > 4
        )
        {
            found["kind"] = name[..^4];
            found["apiVersion"] = list["apiVersion"]?.DeepClone();
        }
        return found;
    }
}
