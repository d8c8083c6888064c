using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>
/// Turns a YAML file into the JSON of its cases. Plain scalars are what YAML's core schema says; tags, other than that of a text, are
/// refused. Aliases are resolved, within bounds: some lines of them can stand for terabytes.
/// </summary>
internal sealed partial class YamlCases
{
    private const int MaxLength = 16 * 1024 * 1024;
    private const int MaxDepth = 60;
    private const int MaxNodes = 1_000_000;
    private const long MaxText = 64L * 1024 * 1024;

    private readonly Parser parser;
    private readonly Dictionary<string, (JsonNode? Node, int Nodes, long Text)> anchors = new(StringComparer.Ordinal);
    private int nodes;
    private long text;

    private YamlCases(string file) => parser = new Parser(new StringReader(file));

    /// <summary>Reads a file: a list of cases, or an object whose only member "cases" is one.</summary>
    /// <exception cref="CasesException">It is none of the two; the message quotes nothing.</exception>
    public static IReadOnlyList<(int Number, string Json)> Read(string file)
    {
        if (file.Length > MaxLength)
            throw new CasesException($"the cases file has more than {MaxLength} characters");
        try
        {
            var root = new YamlCases(file).Document();
            if (root is JsonObject top)
                root =
                    top is { Count: 1 } && top.TryGetPropertyValue("cases", out var inner)
                        ? inner
                        : throw new CasesException("the cases file must have \"cases\" at its top, and nothing else");
            return root switch
            {
                null => [],
                JsonArray list => [.. list.Select((one, index) => (index + 1, one?.ToJsonString() ?? "null"))],
                _ => throw new CasesException("the cases file must be a list of cases, or have one under \"cases\""),
            };
        }
        catch (YamlException exception)
        {
            // Not the fault's own message: it may quote a case.
            throw new CasesException(
                JsonFields.Text($"the cases file is not YAML (line {exception.Start.Line}, column {exception.Start.Column})")
            );
        }
    }

    private JsonNode? Document()
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
            return null;
        parser.Consume<DocumentStart>();
        var root = Node(0);
        parser.Consume<DocumentEnd>();
        return parser.TryConsume<StreamEnd>(out _) ? root : throw new CasesException("the cases file has more than one YAML document");
    }

    private JsonNode? Node(int depth)
    {
        var (nodesBefore, textBefore) = (nodes, text);
        var start = parser.Current!.Start;
        if (depth > MaxDepth)
            throw Wrong(start, $"it nests deeper than {MaxDepth}");
        Count(1, 0, start);
        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            if (!anchors.TryGetValue(alias.Value.Value, out var named))
                throw Wrong(start, "an alias names no anchor before it");
            Count(named.Nodes, named.Text, start);
            return named.Node?.DeepClone();
        }
        var (node, anchor) = parser.Current switch
        {
            Scalar => Text(),
            SequenceStart => Sequence(depth),
            MappingStart => Mapping(depth),
            _ => throw Wrong(start, "something else than a value"),
        };
        if (!anchor.IsEmpty)
            anchors[anchor.Value] = (node?.DeepClone(), nodes - nodesBefore, text - textBefore);
        return node;
    }

    private (JsonNode? Node, AnchorName Anchor) Text()
    {
        var scalar = parser.Consume<Scalar>();
        Count(0, scalar.Value.Length, scalar.Start);
        var tag = scalar.Tag.IsEmpty ? string.Empty : scalar.Tag.Value;
        if (tag is not ("" or "!" or "tag:yaml.org,2002:str"))
            throw Wrong(scalar.Start, "a tag, and none is taken");
        return (scalar.Style == ScalarStyle.Plain && tag.Length == 0 ? Plain(scalar) : JsonValue.Create(scalar.Value), scalar.Anchor);
    }

    private (JsonNode? Node, AnchorName Anchor) Sequence(int depth)
    {
        var start = parser.Consume<SequenceStart>();
        RefuseTag(start);
        var list = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
            list.Add(Node(depth + 1));
        return (list, start.Anchor);
    }

    private (JsonNode? Node, AnchorName Anchor) Mapping(int depth)
    {
        var start = parser.Consume<MappingStart>();
        RefuseTag(start);
        var members = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            // A name is its text: "yes" and "1" too.
            if (!parser.TryConsume<Scalar>(out var name) || !name.Anchor.IsEmpty)
                throw Wrong(parser.Current!.Start, "a name is no plain text");
            Count(1, name.Value.Length, name.Start);
            var value = Node(depth + 1);
            if (!members.TryAdd(name.Value, value))
                throw Wrong(name.Start, "a member is there twice");
        }
        return (members, start.Anchor);
    }

    private static JsonNode? Plain(Scalar scalar)
    {
        var value = scalar.Value;
        switch (value)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return JsonValue.Create(true);
            case "false" or "False" or "FALSE":
                return JsonValue.Create(false);
            default:
                break;
        }
        // A number's length is bounded: reading digits into a number is not linear.
        if (value.Length > 400)
            return JsonValue.Create(value);
        if (WholeNumber().IsMatch(value))
            return Raw(BigInteger.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        if (OctalNumber().IsMatch(value))
            return Raw(value[2..].Aggregate(BigInteger.Zero, (sum, digit) => (sum * 8) + (digit - '0')));
        if (HexNumber().IsMatch(value))
            return Raw(BigInteger.Parse("0" + value[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        if (Fraction().Match(value) is { Success: true } parts)
        {
            // As JSON writes it, digit for digit.
            var (sign, whole, rest, exponent) = (
                parts.Groups[1].Value == "-" ? "-" : "",
                parts.Groups[2].Value.TrimStart('0'),
                parts.Groups[3].Value,
                parts.Groups[4].Value
            );
            return JsonNode.Parse($"{sign}{(whole.Length == 0 ? "0" : whole)}{(rest.Length == 0 ? "" : "." + rest)}{exponent}");
        }
        if (NoNumber().IsMatch(value))
            throw Wrong(scalar.Start, "infinity or no number, which JSON does not have; a text needs quotes");
        return JsonValue.Create(value);
    }

    private static JsonNode? Raw(BigInteger number) => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture));

    private static void RefuseTag(NodeEvent start)
    {
        if (!start.Tag.IsEmpty)
            throw Wrong(start.Start, "a tag, and none is taken");
    }

    private void Count(int more, long characters, Mark place)
    {
        nodes += more;
        text += characters;
        if (nodes > MaxNodes || text > MaxText)
            throw Wrong(place, "with its aliases it is larger than what is read");
    }

    private static CasesException Wrong(Mark place, string problem) =>
        new(JsonFields.Text($"the cases file, line {place.Line}, column {place.Column}: {problem}"));

    [GeneratedRegex("^[-+]?[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex WholeNumber();

    [GeneratedRegex("^0o[0-7]+$", RegexOptions.CultureInvariant)]
    private static partial Regex OctalNumber();

    [GeneratedRegex("^0x[0-9a-fA-F]+$", RegexOptions.CultureInvariant)]
    private static partial Regex HexNumber();

    [GeneratedRegex(@"^([-+]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Fraction();

    [GeneratedRegex(@"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$", RegexOptions.CultureInvariant)]
    private static partial Regex NoNumber();
}
