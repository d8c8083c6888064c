using System.Globalization;
using System.Text.Json;
using AgentReadiness.Contracts;
using AgentReadiness.EvalRunner.Agents;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>Reads one case.</summary>
internal sealed class CaseReader(CaseContext context)
{
    /// <summary>The longest ID.</summary>
    public const int MaxIdLength = 128;

    private const int MaxTurns = 100;
    private const int MaxTags = 64;
    private const int MaxTagLength = 256;
    private const double MaxWeight = 1_000_000;

    /// <summary>Reads a case.</summary>
    /// <exception cref="FormatException">It is none; the message names the field.</exception>
    public async Task<EvalCase> ReadAsync(JsonElement root, CancellationToken cancellationToken)
    {
        string? id = null,
            input = null;
        JsonElement? expect = null,
            turns = null;
        RequestTemplate? request = null;
        IReadOnlyList<string> tags = [];
        var weight = 1d;
        TimeSpan? maxLatency = null;
        decimal? maxCost = null;
        foreach (var member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "id":
                    id = Id(member.Value);
                    break;
                case "input":
                    input = JsonFields.String(member.Value, "input");
                    break;
                case "turns":
                    turns = member.Value;
                    break;
                case "request":
                    request = RequestReader.Read(member.Value);
                    break;
                case "expect":
                    expect = member.Value;
                    break;
                case "tags":
                    tags = Tags(member.Value);
                    break;
                case "weight":
                    weight =
                        member.Value.ValueKind == JsonValueKind.Number
                        && member.Value.TryGetDouble(out var number)
                        && number is > 0 and <= MaxWeight
                            ? number
                            : throw new FormatException(JsonFields.Text($"weight: must be a number above 0, at most {MaxWeight}"));
                    break;
                case "maxLatency":
                    maxLatency =
                        GoDuration.TryParse(JsonFields.String(member.Value, "maxLatency"), out var duration) && duration > TimeSpan.Zero
                            ? duration
                            : throw new FormatException("maxLatency: must be a duration such as \"20s\"");
                    break;
                case "maxCost":
                    maxCost = Cost(member.Value);
                    break;
                default:
                    throw JsonFields.Unknown(member.Name, "id, input, turns, request, expect, tags, weight, maxLatency and maxCost");
            }
        }
        if (id is null)
            throw new FormatException("id: is missing");
        if (turns is not null && (input is not null || request is not null))
            throw new FormatException("turns: cannot stand beside input or request");
        if (request is { UsesInput: true } && input is null)
            throw new FormatException("input: is missing, and the request uses it");
        if (turns is null && input is null && request is null)
            throw new FormatException("input: is missing");
        return new EvalCase(
            id,
            turns is { } list
                ? await TurnsAsync(list, expect, cancellationToken)
                : [await OnlyTurnAsync(input ?? string.Empty, expect, cancellationToken)],
            tags
        )
        {
            Weight = weight,
            MaxLatency = maxLatency,
            MaxCost = maxCost,
            Request = request,
        };
    }

    private async Task<Turn> OnlyTurnAsync(string input, JsonElement? expect, CancellationToken cancellationToken)
    {
        if (expect is not { } expectation)
            throw new FormatException("expect: is missing");
        var reader = new ExpectReader(context);
        return new Turn(input, await reader.ReadAsync(expectation, "expect", cancellationToken), reader.TakesRefusal);
    }

    private async Task<List<Turn>> TurnsAsync(JsonElement list, JsonElement? expect, CancellationToken cancellationToken)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxTurns)
            throw new FormatException(JsonFields.Text($"turns: must be a list of 1 to {MaxTurns} messages"));
        var turns = new List<Turn>();
        foreach (var element in list.EnumerateArray())
        {
            var field = JsonFields.Text($"turns[{turns.Count}]");
            string? input = null;
            JsonElement? own = null;
            if (element.ValueKind == JsonValueKind.String)
                input = JsonFields.String(element, field);
            else
            {
                JsonFields.Members(
                    element,
                    field,
                    "input and expect",
                    (name, value) =>
                        name switch
                        {
                            "input" => (input = JsonFields.String(value, $"{field}.input")) is not null,
                            "expect" => (own = value) is not null,
                            _ => false,
                        }
                );
            }
            var reader = new ExpectReader(context);
            var graders = new List<IGrader>();
            if (own is { } mine)
                graders.Add(await reader.ReadAsync(mine, $"{field}.expect", cancellationToken));
            if (turns.Count == list.GetArrayLength() - 1 && expect is { } last)
                graders.Add(await reader.ReadAsync(last, "expect", cancellationToken));
            turns.Add(
                new Turn(
                    input ?? throw new FormatException($"{field}.input: is missing"),
                    graders.Count == 0 ? null
                        : graders is [var only] ? only
                        : new AllGrader(graders),
                    reader.TakesRefusal
                )
            );
        }
        return turns.Exists(turn => turn.Grader is not null) ? turns : throw new FormatException("expect: is missing");
    }

    private static string Id(JsonElement value)
    {
        var id = JsonFields.String(value, "id");
        return id.Length is > 0 and <= MaxIdLength && !id.Any(character => character is <= ' ' or > '~')
            ? id
            : throw new FormatException(JsonFields.Text($"id: must be 1 to {MaxIdLength} printable ASCII characters without blanks"));
    }

    private static List<string> Tags(JsonElement value)
    {
        var tags = JsonFields.Strings(value, "tags");
        // What the reader of results would refuse is refused before anything is asked.
        return tags.Count <= MaxTags && tags.All(tag => tag.Length <= MaxTagLength)
            ? tags
            : throw new FormatException(JsonFields.Text($"tags: at most {MaxTags}, of at most {MaxTagLength} characters"));
    }

    private static decimal Cost(JsonElement value)
    {
        var known =
            value.ValueKind == JsonValueKind.String
                ? decimal.TryParse(
                    JsonFields.String(value, "maxCost"),
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var cost
                )
                : Number(value, out cost);
        return known && cost >= 0 ? cost : throw new FormatException("maxCost: must be an amount in USD such as \"0.05\"");
    }

    private static bool Number(JsonElement value, out decimal number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out number);
    }
}
