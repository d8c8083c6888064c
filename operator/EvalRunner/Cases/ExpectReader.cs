using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.EvalRunner.Grading;

namespace AgentReadiness.EvalRunner.Cases;

/// <summary>Reads expectations.</summary>
internal sealed class ExpectReader(CaseContext context)
{
    private const string Known = "exact, contains, regex, jsonSchema, number, jsonPath, toolCalls, refusal, judge and any";
    private const int MaxListed = 64;

    /// <summary>One of the expectations read so far is a refusal.</summary>
    public bool TakesRefusal { get; private set; }

    /// <summary>Reads an object whose expectations must all hold.</summary>
    /// <exception cref="FormatException">It is none; the message names the field.</exception>
    public async Task<IGrader> ReadAsync(JsonElement expect, string field, CancellationToken cancellationToken)
    {
        JsonFields.RequireObject(expect, field);
        var graders = new List<IGrader>();
        foreach (var member in expect.EnumerateObject())
        {
            var place = $"{field}.{member.Name}";
            switch (member.Name)
            {
                case "exact":
                    graders.Add(new ExactGrader(JsonFields.String(member.Value, place)));
                    break;
                case "contains":
                    graders.Add(Contains(member.Value, place));
                    break;
                case "regex":
                    graders.Add(Expression(member.Value, place));
                    break;
                case "jsonSchema":
                    graders.Add(await SchemaAsync(member.Value, place, cancellationToken));
                    break;
                case "number":
                    graders.Add(Number(member.Value, place));
                    break;
                case "jsonPath":
                    // Several places are a list: a member cannot be there twice.
                    graders.AddRange(
                        member.Value.ValueKind == JsonValueKind.Array
                            ? Listed(member.Value, place).Select((one, index) => Path(one, $"{place}[{index}]")).ToList()
                            : [Path(member.Value, place)]
                    );
                    break;
                case "toolCalls":
                    graders.Add(ToolCalls(member.Value, place));
                    break;
                case "refusal":
                    if (!JsonFields.Flag(member.Value, place))
                        throw new FormatException($"{place}: can only be true");
                    TakesRefusal = true;
                    graders.Add(new RefusalGrader(context.Refusal));
                    break;
                case "judge":
                    graders.Add(Judge(member.Value, place));
                    break;
                case "any":
                    var alternatives = new List<IGrader>();
                    foreach (var one in Listed(member.Value, place))
                        alternatives.Add(await ReadAsync(one, JsonFields.Text($"{place}[{alternatives.Count}]"), cancellationToken));
                    graders.Add(new AnyGrader(alternatives));
                    break;
                default:
                    throw JsonFields.Unknown(place, Known);
            }
        }
        return graders.Count switch
        {
            0 => throw new FormatException($"{field}: must have at least one expectation"),
            1 => graders[0],
            _ => new AllGrader(graders),
        };
    }

    private static List<JsonElement> Listed(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() is > 0 and <= MaxListed
            ? [.. value.EnumerateArray()]
            : throw new FormatException(JsonFields.Text($"{field}: must be a list of 1 to {MaxListed}"));

    private static ContainsGrader Contains(JsonElement value, string field)
    {
        List<string> texts = value.ValueKind == JsonValueKind.Array ? JsonFields.Strings(value, field) : [JsonFields.String(value, field)];
        // Every answer contains the empty text.
        return texts.Count > 0 && texts.All(text => text.Length > 0)
            ? new ContainsGrader(texts)
            : throw new FormatException($"{field}: must be a text that is not empty, or a list of them");
    }

    private static RegexGrader Expression(JsonElement value, string field)
    {
        try
        {
            return new RegexGrader(JsonFields.String(value, field));
        }
        catch (RegexParseException exception)
        {
            // Not the fault's own message: it quotes the expectation.
            throw new FormatException(
                JsonFields.Text($"{field}: is not a regular expression ({exception.Error} at offset {exception.Offset})")
            );
        }
    }

    private static async Task<IGrader> SchemaAsync(JsonElement value, string field, CancellationToken cancellationToken)
    {
        JsonFields.RequireObject(value, field);
        try
        {
            return await JsonSchemaGrader.ReadAsync(value, cancellationToken);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{field}: {exception.Message}");
        }
    }

    private static NumberGrader Number(JsonElement value, string field)
    {
        decimal? expected = null;
        var tolerance = 0m;
        JsonFields.Members(
            value,
            field,
            "value and tolerance",
            (name, member) =>
            {
                if (name == "value")
                    expected = JsonFields.Decimal(member, $"{field}.value");
                else if (name == "tolerance")
                    tolerance = JsonFields.Decimal(member, $"{field}.tolerance");
                else
                    return false;
                return true;
            }
        );
        if (expected is not { } number)
            throw new FormatException($"{field}.value: is missing");
        return tolerance >= 0 ? new NumberGrader(number, tolerance) : throw new FormatException($"{field}.tolerance: must not be negative");
    }

    private static JsonPathGrader Path(JsonElement value, string field)
    {
        JsonPath? path = null;
        JsonElement? equal = null,
            contains = null;
        RegexGrader? expression = null;
        decimal? min = null,
            max = null;
        JsonFields.Members(
            value,
            field,
            "path, equals, contains, regex, min and max",
            (name, member) =>
            {
                switch (name)
                {
                    case "path":
                        path = PathOf(JsonFields.String(member, $"{field}.path"), $"{field}.path");
                        return true;
                    case "equals":
                        equal = JsonFields.Whole(member, $"{field}.equals");
                        return true;
                    case "contains":
                        contains = JsonFields.Whole(member, $"{field}.contains");
                        if (member.ValueKind == JsonValueKind.String && member.GetString()!.Length == 0)
                            throw new FormatException($"{field}.contains: must not be empty");
                        return true;
                    case "regex":
                        expression = Expression(member, $"{field}.regex");
                        return true;
                    case "min":
                        min = JsonFields.Decimal(member, $"{field}.min");
                        return true;
                    case "max":
                        max = JsonFields.Decimal(member, $"{field}.max");
                        return true;
                    default:
                        return false;
                }
            }
        );
        if (path is null)
            throw new FormatException($"{field}.path: is missing");
        if (equal is null && contains is null && expression is null && min is null && max is null)
            throw new FormatException($"{field}: must have one of equals, contains, regex, min and max");
        if (min > max)
            throw new FormatException($"{field}.min: must not be more than max");
        return new JsonPathGrader(
            new JsonPathExpectation(path)
            {
                EqualTo = equal,
                Contains = contains,
                Expression = expression,
                Min = min,
                Max = max,
            }
        );
    }

    private static JsonPath PathOf(string text, string field)
    {
        try
        {
            return JsonPath.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{field}: {exception.Message}", exception);
        }
    }

    private static ToolCallsGrader ToolCalls(JsonElement value, string field)
    {
        List<ExpectedCall> called = [];
        HashSet<string> never = [];
        var (inOrder, only, given) = (false, false, false);
        JsonFields.Members(
            value,
            field,
            "called, order, never and only",
            (name, member) =>
            {
                switch (name)
                {
                    case "called":
                        called = [.. Listed(member, $"{field}.called").Select((one, index) => Call(one, $"{field}.called[{index}]"))];
                        given = true;
                        return true;
                    case "order":
                        inOrder = JsonFields.String(member, $"{field}.order") switch
                        {
                            "InOrder" => true,
                            "Any" => false,
                            _ => throw new FormatException($"{field}.order: must be InOrder or Any"),
                        };
                        return true;
                    case "never":
                        never = [.. Listed(member, $"{field}.never").Select(one => JsonFields.String(one, $"{field}.never"))];
                        given = true;
                        return true;
                    case "only":
                        only = JsonFields.Flag(member, $"{field}.only");
                        given |= only;
                        return true;
                    default:
                        return false;
                }
            }
        );
        if (!given)
            throw new FormatException($"{field}: must have called, never or only");
        if (called.Any(call => never.Contains(call.Name)))
            throw new FormatException($"{field}.never: names a tool that must be called");
        return new ToolCallsGrader(called, inOrder, never, only);
    }

    private static ExpectedCall Call(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.String)
            return new ExpectedCall(JsonFields.String(value, field), null);
        string? tool = null;
        JsonElement? arguments = null;
        JsonFields.Members(
            value,
            field,
            "name and arguments",
            (name, member) =>
            {
                switch (name)
                {
                    case "name":
                        tool = JsonFields.String(member, $"{field}.name");
                        return true;
                    case "arguments":
                        JsonFields.RequireObject(member, $"{field}.arguments");
                        arguments = JsonFields.Whole(member, $"{field}.arguments");
                        return true;
                    default:
                        return false;
                }
            }
        );
        return new ExpectedCall(tool ?? throw new FormatException($"{field}.name: is missing"), arguments);
    }

    private JudgeGrader Judge(JsonElement value, string field)
    {
        string? rubric = null;
        var (votes, passAt) = (context.JudgeVotes, JudgeGrader.DefaultPassAt);
        JsonFields.Members(
            value,
            field,
            "rubric, votes and passAt",
            (name, member) =>
            {
                switch (name)
                {
                    case "rubric":
                        rubric = JsonFields.String(member, $"{field}.rubric");
                        return true;
                    case "votes":
                        votes =
                            member.ValueKind == JsonValueKind.Number
                            && member.TryGetInt32(out var number)
                            && number is 1 or 3 or 5 or 7 or 9
                                ? number
                                : throw new FormatException($"{field}.votes: must be an odd number from 1 to 9");
                        return true;
                    case "passAt":
                        passAt = JsonFields.Decimal(member, $"{field}.passAt") is > 0 and <= 1 and var least
                            ? (double)least
                            : throw new FormatException($"{field}.passAt: must be above 0, at most 1");
                        return true;
                    default:
                        return false;
                }
            }
        );
        if (string.IsNullOrWhiteSpace(rubric))
            throw new FormatException($"{field}.rubric: is missing");
        return new JudgeGrader(
            context.Judge ?? throw new FormatException($"{field}: no judge is set (JUDGE_URL and JUDGE_MODEL)"),
            rubric,
            votes,
            passAt
        );
    }
}
