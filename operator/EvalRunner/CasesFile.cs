using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner;

/// <summary>One case.</summary>
/// <param name="Id">Unique in the file.</param>
/// <param name="Input">What the agent is told.</param>
/// <param name="Grader">Its expectation.</param>
/// <param name="Tags">For example "safety".</param>
internal sealed record EvalCase(string Id, string Input, IGrader Grader, IReadOnlyList<string> Tags);

/// <summary>The cases cannot be run; the message names the line and the field, and quotes nothing of the held-out set.</summary>
internal sealed class CasesException(string message) : Exception(message);

/// <summary>Reads the cases: JSON Lines, strict, because a case that is misread is a measurement that nobody asked for.</summary>
internal static class CasesFile
{
    /// <summary>The longest ID.</summary>
    public const int MaxIdLength = 128;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>SHA-256 of a file's bytes, in hex.</summary>
    public static string Digest(ReadOnlySpan<byte> file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <summary>Reads a file.</summary>
    /// <exception cref="CasesException">A line is not a case, or there is none.</exception>
    public static async Task<IReadOnlyList<EvalCase>> ReadAsync(ReadOnlyMemory<byte> file, CancellationToken stop)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file.Span);
        }
        catch (DecoderFallbackException)
        {
            throw new CasesException("the cases file is not UTF-8");
        }
        var cases = new List<EvalCase>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                var found = await CaseAsync(line, stop);
                if (!lines.TryAdd(found.Id, number))
                    throw new FormatException(Text($"id: \"{found.Id}\" is already the id of line {lines[found.Id]}"));
                cases.Add(found);
            }
            catch (FormatException fault)
            {
                throw new CasesException(Text($"line {number}: {fault.Message}"));
            }
        }
        return cases.Count > 0 ? cases : throw new CasesException("the cases file has no cases");
    }

    private static async Task<EvalCase> CaseAsync(string line, CancellationToken stop)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line, Strict);
        }
        catch (JsonException fault)
        {
            throw new FormatException(Text($"is not a JSON object without repeated members (byte {fault.BytePositionInLine ?? 0})"));
        }
        using (document)
        {
            var root = document.RootElement;
            RequireObject(root, "the line");
            string? id = null, input = null;
            JsonElement? expect = null;
            IReadOnlyList<string> tags = [];
            foreach (var member in root.EnumerateObject())
            {
                switch (member.Name)
                {
                    case "id":
                        id = String(member.Value, "id");
                        break;
                    case "input":
                        input = String(member.Value, "input");
                        break;
                    case "expect":
                        expect = member.Value;
                        break;
                    case "tags":
                        tags = Strings(member.Value, "tags");
                        break;
                    default:
                        throw Unknown(member.Name, "id, input, expect and tags");
                }
            }
            if (id is null)
                throw new FormatException("id: is missing");
            if (id.Length is 0 or > MaxIdLength || id.Any(character => character is <= ' ' or > '~'))
                throw new FormatException($"id: must be 1 to {MaxIdLength} printable ASCII characters without blanks");
            if (input is null)
                throw new FormatException("input: is missing");
            if (expect is not { } expectation)
                throw new FormatException("expect: is missing");
            return new EvalCase(id, input, await GraderAsync(expectation, stop), tags);
        }
    }

    private static async Task<IGrader> GraderAsync(JsonElement expect, CancellationToken stop)
    {
        RequireObject(expect, "expect");
        IGrader? grader = null;
        foreach (var member in expect.EnumerateObject())
        {
            var next = member.Name switch
            {
                "exact" => new ExactGrader(String(member.Value, "expect.exact")),
                "contains" => Contains(member.Value),
                "regex" => Expression(String(member.Value, "expect.regex")),
                "jsonSchema" => await SchemaAsync(member.Value, stop),
                "number" => Number(member.Value),
                _ => throw Unknown($"expect.{member.Name}", "exact, contains, regex, jsonSchema and number"),
            };
            if (grader is not null)
                throw new FormatException("expect: must have exactly one expectation");
            grader = next;
        }
        return grader ?? throw new FormatException("expect: must have exactly one expectation");
    }

    private static ContainsGrader Contains(JsonElement value)
    {
        List<string> texts = value.ValueKind == JsonValueKind.Array ? Strings(value, "expect.contains") : [String(value, "expect.contains")];
        // Every answer contains the empty text.
        return texts.Count > 0 && texts.All(text => text.Length > 0)
            ? new ContainsGrader(texts)
            : throw new FormatException("expect.contains: must be a text that is not empty, or a list of them");
    }

    private static RegexGrader Expression(string pattern)
    {
        try
        {
            return new RegexGrader(pattern);
        }
        catch (RegexParseException fault)
        {
            // Not the fault's own message: it quotes the expectation.
            throw new FormatException(Text($"expect.regex: is not a regular expression ({fault.Error} at offset {fault.Offset})"));
        }
    }

    private static async Task<IGrader> SchemaAsync(JsonElement value, CancellationToken stop)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException("expect.jsonSchema: must be an object");
        try
        {
            return await JsonSchemaGrader.ReadAsync(value, stop);
        }
        catch (FormatException fault)
        {
            throw new FormatException($"expect.jsonSchema: {fault.Message}");
        }
    }

    private static NumberGrader Number(JsonElement value)
    {
        RequireObject(value, "expect.number");
        decimal? expected = null;
        var tolerance = 0m;
        foreach (var member in value.EnumerateObject())
        {
            switch (member.Name)
            {
                case "value":
                    expected = Decimal(member.Value, "expect.number.value");
                    break;
                case "tolerance":
                    tolerance = Decimal(member.Value, "expect.number.tolerance");
                    break;
                default:
                    throw Unknown($"expect.number.{member.Name}", "value and tolerance");
            }
        }
        if (expected is not { } number)
            throw new FormatException("expect.number.value: is missing");
        return tolerance >= 0 ? new NumberGrader(number, tolerance) : throw new FormatException("expect.number.tolerance: must not be negative");
    }

    private static decimal Decimal(JsonElement value, string field) => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
        ? number
        : throw new FormatException($"{field}: must be a number");

    private static string String(JsonElement value, string field)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{field}: must be a text");
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which JSON can escape and no text can hold.
            throw new FormatException($"{field}: is not valid Unicode");
        }
    }

    private static List<string> Strings(JsonElement value, string field) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(item => String(item, field))]
        : throw new FormatException($"{field}: must be a list of texts");

    private static void RequireObject(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{field}: must be an object");
    }

    private static FormatException Unknown(string field, string known) =>
        new($"{(field.Length > 64 ? field[..64] + "…" : field)}: is not known; known are {known}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
