using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentReadiness.Cli;

/// <summary>A manifest cannot be read or used; the message is for its author.</summary>
internal sealed class ManifestException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Reads a stream of YAML or JSON documents into JSON trees, with the values that kubectl would send (see <see cref="YamlScalars"/>).
/// </summary>
internal sealed class ManifestReader
{
    private const int MaxDepth = 100;

    // A small text can become endlessly large by aliases that refer to aliases.
    private const int MaxNodes = 1_000_000;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private readonly Parser parser;
    private readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    private int nodes;

    private ManifestReader(string text) => parser = new Parser(new Scanner(new StringReader(text), skipComments: true));

    /// <summary>Reads the objects of a text. A List is replaced by its items.</summary>
    /// <exception cref="ManifestException">The text is neither YAML nor JSON, or a document of it is not an object.</exception>
    public static IReadOnlyList<JsonObject> Read(string text)
    {
        try
        {
            // kubectl decides in the same way. JSON is not read as YAML because it has escapes that YAML does not have.
            var documents = text.AsSpan().TrimStart().StartsWith("{") ? Json(text) : new ManifestReader(text).Documents();
            return [.. documents.SelectMany(Expand)];
        }
        catch (YamlException exception)
        {
            throw new ManifestException($"line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}", exception);
        }
        catch (JsonException exception)
        {
            throw new ManifestException($"not JSON: {exception.Message}", exception);
        }
    }

    private static List<JsonNode?> Json(string text)
    {
        var documents = new List<JsonNode?>();
        var reader = new Utf8JsonReader(
            Encoding.UTF8.GetBytes(text),
            new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = MaxDepth }
        );
        while (reader.Read())
        {
            using var document = JsonDocument.ParseValue(ref reader);
            documents.Add(JsonNode.Parse(document.RootElement.GetRawText(), documentOptions: Strict));
        }
        return documents;
    }

    private static IEnumerable<JsonObject> Expand(JsonNode? node)
    {
        switch (node)
        {
            case null:
                return [];
            case JsonObject list
                when list["kind"] is JsonValue kind
                    && kind.TryGetValue<string>(out var name)
                    && name.EndsWith("List", StringComparison.Ordinal)
                    && list["items"] is JsonArray items:
                return items.SelectMany(Expand);
            case JsonObject single:
                return [single];
            default:
                throw new ManifestException("a document is not an object");
        }
    }

    private List<JsonNode?> Documents()
    {
        var documents = new List<JsonNode?>();
        parser.Consume<StreamStart>();
        while (!parser.TryConsume<StreamEnd>(out _))
        {
            parser.Consume<DocumentStart>();
            anchors.Clear();
            documents.Add(Node(0));
            parser.Consume<DocumentEnd>();
        }
        return documents;
    }

    private JsonNode? Node(int depth)
    {
        var current = parser.Current!;
        if (depth > MaxDepth)
            throw Fault(current, $"nests deeper than {MaxDepth}");
        Count(1, current);
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return Aliased(alias);
        var anchor = ((NodeEvent)current).Anchor;
        JsonNode? node;
        if (parser.TryConsume<Scalar>(out var scalar))
            node = Value(scalar);
        else if (parser.TryConsume<SequenceStart>(out var sequence))
            node = Sequence(sequence, depth);
        else
            node = Mapping(parser.Consume<MappingStart>(), depth);
        if (!anchor.IsEmpty)
            anchors[anchor] = node;
        return node;
    }

    private JsonArray Sequence(SequenceStart start, int depth)
    {
        RequireTag(start.Tag, "tag:yaml.org,2002:seq", start);
        var array = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
            array.Add(Node(depth + 1));
        return array;
    }

    private JsonObject Mapping(MappingStart start, int depth)
    {
        RequireTag(start.Tag, "tag:yaml.org,2002:map", start);
        var map = new JsonObject();
        var own = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
                throw Fault(parser.Current!, "a key must be a scalar");
            var name = KeyOf(key);
            var value = Node(depth + 1);
            if (key is { Style: ScalarStyle.Plain, Value: "<<" })
            {
                Merge(map, value, key);
                continue;
            }
            // kubectl takes the last one without a word. It is most likely a mistake, and the revision would hide it.
            if (!own.Add(name))
                throw Fault(key, $"the key \"{name}\" is used twice");
            map[name] = value;
        }
        return map;
    }

    /// <summary>
    /// Merges as go-yaml v2 does: the first of several mappings wins over the later ones, and all of them win over keys that stand
    /// before the merge.
    /// </summary>
    private static void Merge(JsonObject map, JsonNode? value, Scalar key)
    {
        var sources = value is JsonArray list ? [.. list.Reverse()] : new[] { value };
        foreach (var source in sources)
        {
            foreach (var (name, inner) in source as JsonObject ?? throw Fault(key, "\"<<\" must have a mapping, or a list of them"))
                map[name] = inner?.DeepClone();
        }
    }

    private static string KeyOf(Scalar key) =>
        key.Style != ScalarStyle.Plain || !key.Tag.IsEmpty || key.Value == "<<"
            ? key.Value
            : YamlScalars.Resolve(key.Value) switch
            {
                null => throw Fault(key, "a key must not be null"),
                JsonValue value when value.TryGetValue<string>(out var text) => text,
                var other => other.ToJsonString(),
            };

    private static JsonNode? Value(Scalar scalar)
    {
        try
        {
            if (scalar.Tag.IsEmpty)
                return scalar.Style == ScalarStyle.Plain ? YamlScalars.Resolve(scalar.Value) : scalar.Value;
            return scalar.Tag.IsNonSpecific || scalar.Tag.Value == "tag:yaml.org,2002:str" ? scalar.Value : Tagged(scalar);
        }
        catch (FormatException exception)
        {
            throw Fault(scalar, exception.Message);
        }
    }

    private static JsonNode? Tagged(Scalar scalar)
    {
        var value = YamlScalars.Resolve(scalar.Value);
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        var fits = scalar.Tag.Value switch
        {
            "tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" => kind == JsonValueKind.Number,
            "tag:yaml.org,2002:bool" => kind is JsonValueKind.True or JsonValueKind.False,
            "tag:yaml.org,2002:null" => kind == JsonValueKind.Null,
            _ => throw new FormatException($"the tag {scalar.Tag.Value} is not supported"),
        };
        return fits ? value : throw new FormatException($"\"{scalar.Value}\" is not what its tag says");
    }

    private JsonNode? Aliased(AnchorAlias alias)
    {
        if (!anchors.TryGetValue(alias.Value, out var node))
            throw Fault(alias, $"the anchor {alias.Value} is not known");
        Count(Size(node), alias);
        return node?.DeepClone();
    }

    private static int Size(JsonNode? node) =>
        node switch
        {
            JsonObject map => 1 + map.Sum(member => Size(member.Value)),
            JsonArray array => 1 + array.Sum(Size),
            _ => 1,
        };

    private void Count(int more, ParsingEvent at)
    {
        nodes += more;
        if (nodes > MaxNodes)
            throw Fault(at, $"more than {MaxNodes} values");
    }

    private static void RequireTag(TagName tag, string expected, ParsingEvent at)
    {
        if (!tag.IsEmpty && !tag.IsNonSpecific && tag.Value != expected)
            throw Fault(at, $"the tag {tag.Value} is not supported");
    }

    private static ManifestException Fault(ParsingEvent at, string problem) =>
        new($"line {at.Start.Line}, column {at.Start.Column}: {problem}");
}
