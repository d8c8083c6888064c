using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Core.Tokens;
using AliasToken = YamlDotNet.Core.Tokens.AnchorAlias;
using AnchorAlias = YamlDotNet.Core.Events.AnchorAlias;
using DocumentEnd = YamlDotNet.Core.Events.DocumentEnd;
using DocumentStart = YamlDotNet.Core.Events.DocumentStart;
using KeyToken = YamlDotNet.Core.Tokens.Key;
using Scalar = YamlDotNet.Core.Events.Scalar;
using ScalarToken = YamlDotNet.Core.Tokens.Scalar;
using StreamEnd = YamlDotNet.Core.Events.StreamEnd;
using StreamStart = YamlDotNet.Core.Events.StreamStart;

namespace AgentReadiness.Cli.Reading;

/// <summary>
/// One YAML document as a JSON tree, with the values that kubectl would send (see <see cref="YamlScalars"/>). Tags of lists and mappings
/// say nothing, merges are done as go-yaml v2 does them, and what stands after "..." is refused because kubectl drops it.
/// </summary>
internal sealed class YamlDocument
{
    // A small text can become endlessly large by aliases that refer to aliases.
    private const int MaxNodes = 1_000_000;

    private readonly Parser parser;
    private readonly long offset;
    private readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    private int nodes;
    private int flow;

    private YamlDocument(DocumentText document)
    {
        parser = new Parser(new BoundedScanner(document.Text));
        offset = document.Line - 1;
    }

    /// <summary>Reads a document; null where it has nothing but comments.</summary>
    /// <exception cref="ManifestException">It is not YAML as kubectl reads it.</exception>
    public static JsonNode? Read(DocumentText document)
    {
        YamlCharacters.Require(document);
        var text = document with { Text = document.Text.TrimStart('\uFEFF') };
        var reader = new YamlDocument(text);
        try
        {
            RequireCommas(text);
            return reader.Whole();
        }
        catch (YamlException exception)
        {
            throw new ManifestException(
                $"line {exception.Start.Line + reader.offset}, column {exception.Start.Column}: {exception.Message}",
                exception
            );
        }
        // Some texts make the parser stumble over itself, and it says so by other exceptions than its own.
        catch (Exception exception) when (exception is not (ManifestException or OutOfMemoryException))
        {
            var place = reader.parser.Current?.Start ?? Mark.Empty;
            throw new ManifestException(
                $"line {place.Line + reader.offset}, column {place.Column}: not YAML: {exception.Message}",
                exception
            );
        }
    }

    // The parser here takes "{a: [b] c: d}"; kubectl does not.
    private static void RequireCommas(DocumentText document)
    {
        var scanner = new BoundedScanner(document.Text);
        Token? before = null;
        for (var depth = 0; scanner.MoveNext(); before = scanner.Current)
        {
            // The scanner repeats this token for ever; the parser then says what is wrong.
            if (scanner.Current is Error)
                return;
            // The scanner looks at all open brackets for each token, so a text of nothing but brackets would take hours.
            if (depth > ManifestReader.MaxDepth)
                throw new ManifestException(
                    $"line {scanner.Current!.Start.Line + document.Line - 1}, column {scanner.Current.Start.Column}: nests deeper than "
                        + $"{ManifestReader.MaxDepth}"
                );
            if (
                depth > 0
                && before is ScalarToken or FlowSequenceEnd or FlowMappingEnd or AliasToken
                && scanner.Current is ScalarToken or FlowSequenceStart or FlowMappingStart or AliasToken or Anchor or Tag or KeyToken
            )
                throw new ManifestException(
                    $"line {scanner.Current.Start.Line + document.Line - 1}, column {scanner.Current.Start.Column}: a comma is missing "
                        + $"before this"
                );
            if (scanner.Current is FlowMappingStart or FlowSequenceStart)
                depth++;
            else if (scanner.Current is FlowMappingEnd or FlowSequenceEnd)
                depth--;
        }
    }

    private JsonNode? Whole()
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
            return null;
        parser.Consume<DocumentStart>();
        var node = Node(0);
        parser.Consume<DocumentEnd>();
        return parser.TryConsume<StreamEnd>(out _)
            ? node
            : throw Fault(parser.Current!, "kubectl reads nothing after the end of a document: begin the next one with a line \"---\"");
    }

    private JsonNode? Node(int depth)
    {
        var current = parser.Current!;
        if (depth > ManifestReader.MaxDepth)
            throw Fault(current, $"nests deeper than {ManifestReader.MaxDepth}");
        Count(1, current);
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return Aliased(alias);
        var anchor = ((NodeEvent)current).Anchor;
        JsonNode? node;
        if (parser.TryConsume<Scalar>(out var scalar))
            node = Value(scalar);
        else if (parser.TryConsume<SequenceStart>(out var sequence))
            node = InFlow(sequence.Style == SequenceStyle.Flow, () => Sequence(depth));
        else
            node = InFlow(parser.Consume<MappingStart>().Style == MappingStyle.Flow, () => Mapping(depth));
        if (!anchor.IsEmpty)
            anchors[anchor] = node;
        return node;
    }

    private JsonNode InFlow(bool isFlow, Func<JsonNode> read)
    {
        flow += isFlow ? 1 : 0;
        var node = read();
        flow -= isFlow ? 1 : 0;
        return node;
    }

    private JsonArray Sequence(int depth)
    {
        var array = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
            array.Add(Node(depth + 1));
        return array;
    }

    private JsonObject Mapping(int depth)
    {
        var map = new JsonObject();
        var own = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Current!;
            var name = Key();
            var value = Node(depth + 1);
            if (name is null)
            {
                Merge(map, value, key);
                continue;
            }
            // kubectl takes the last one without a word. It is most likely a mistake, and the revision would hide it.
            if (!own.Add(name))
                throw Fault(key, $"the key \"{name}\" is used twice: remove one");
            map[name] = value;
        }
        return map;
    }

    // Null for the key of a merge.
    private string? Key()
    {
        var key = parser.Current!;
        JsonNode? node;
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            node = Aliased(alias);
        }
        else if (parser.TryConsume<Scalar>(out var scalar))
        {
            if (scalar.Value == "<<" && (scalar.Tag.IsEmpty ? scalar.Style == ScalarStyle.Plain : scalar.Tag.Value == YamlScalars.MergeTag))
                return null;
            // As a value it is refused: JSON has no such number.
            if (scalar is { Style: ScalarStyle.Plain, Tag.IsEmpty: true } && YamlScalars.SpecialKey(scalar.Value) is { } special)
                return special;
            node = Value(scalar);
            if (!scalar.Anchor.IsEmpty)
                anchors[scalar.Anchor] = node;
        }
        else
        {
            throw Fault(key, "a key must be a scalar");
        }
        if (node is null)
            throw Fault(key, "a key must not be null: put it in quotes");
        return YamlScalars.Key(node) ?? throw Fault(key, "kubectl takes no such key: put it in quotes");
    }

    // The first of several mappings wins over the later ones, and all of them win over keys that stand before the merge.
    private void Merge(JsonObject map, JsonNode? value, ParsingEvent key)
    {
        var sources = value is JsonArray list ? [.. list.Reverse()] : new[] { value };
        foreach (var source in sources)
        {
            foreach (var (name, inner) in source as JsonObject ?? throw Fault(key, "\"<<\" must have a mapping, or a list of them"))
                map[name] = inner?.DeepClone();
        }
    }

    private JsonNode? Value(Scalar scalar)
    {
        // The parser here is more patient than kubectl's.
        if (
            scalar is { Style: ScalarStyle.Plain, Value: [var first, ..] }
            && (first is '`' or '@' or '%' || (flow > 0 && first is (':' or '|' or '>')))
        )
            throw Fault(scalar, $"no text begins with \"{first}\" here: put it in quotes");
        try
        {
            if (scalar.Tag.IsEmpty)
                return scalar.Style == ScalarStyle.Plain ? YamlScalars.Resolve(scalar.Value) : scalar.Value;
            return scalar.Tag.IsNonSpecific ? scalar.Value : YamlScalars.Tagged(scalar.Tag.Value, scalar.Value);
        }
        catch (FormatException exception)
        {
            throw Fault(scalar, exception.Message);
        }
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

    private ManifestException Fault(ParsingEvent at, string problem) =>
        new($"line {at.Start.Line + offset}, column {at.Start.Column}: {problem}");
}
