using System.Text.Json;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>What must hold at a place of the answer's JSON.</summary>
/// <param name="Path">The place.</param>
internal sealed record JsonPathExpectation(JsonPath Path)
{
    /// <summary>The very value; numbers by their value.</summary>
    public JsonElement? EqualTo { get; init; }

    /// <summary>A part of the text there, whatever its case, or an element of the list there.</summary>
    public JsonElement? Contains { get; init; }

    /// <summary>The text there matches.</summary>
    public RegexGrader? Expression { get; init; }

    /// <summary>The number there is not less.</summary>
    public decimal? Min { get; init; }

    /// <summary>The number there is not more.</summary>
    public decimal? Max { get; init; }
}

/// <summary>The answer is JSON (alone, or in a fence), and what is at a place of it is as expected.</summary>
internal sealed class JsonPathGrader(JsonPathExpectation expected) : TextGrader
{
    public override Grade Grade(string answer)
    {
        using var document = JsonAnswer.Parse(answer);
        if (document is null)
            return Grading.Grade.Fail("the answer is not JSON");
        try
        {
            if (!expected.Path.TryFind(document.RootElement, out var found))
                return Grading.Grade.Fail("the answer's JSON has nothing at the path");
            return Compare(found);
        }
        catch (InvalidOperationException)
        {
            // Escapes that are no Unicode text.
            return Grading.Grade.Fail("the JSON cannot be read");
        }
    }

    private Grade Compare(JsonElement found)
    {
        if (expected.EqualTo is { } value && !JsonElement.DeepEquals(found, value))
            return Grading.Grade.Fail("another value at the path than expected");
        if (expected.Contains is { } part && !Contains(found, part))
            return Grading.Grade.Fail("the value at the path does not contain what is expected");
        if (expected.Expression is { } expression)
        {
            if (found.ValueKind != JsonValueKind.String)
                return Grading.Grade.Fail("no text at the path");
            if (expression.Grade(found.GetString()!) is { Passed: false } grade)
                return grade;
        }
        if (expected.Min is null && expected.Max is null)
            return Grading.Grade.Pass;
        if (found.ValueKind != JsonValueKind.Number || !found.TryGetDecimal(out var number))
            return Grading.Grade.Fail("no number at the path");
        return number < expected.Min || number > expected.Max
            ? Grading.Grade.Fail("the number at the path is out of bounds")
            : Grading.Grade.Pass;
    }

    private static bool Contains(JsonElement found, JsonElement part) =>
        found.ValueKind switch
        {
            JsonValueKind.Array => found.EnumerateArray().Any(element => JsonElement.DeepEquals(element, part)),
            JsonValueKind.String => part.ValueKind == JsonValueKind.String
                && found.GetString()!.Contains(part.GetString()!, StringComparison.OrdinalIgnoreCase),
            _ => false,
        };
}
