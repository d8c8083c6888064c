using System.Text.Json;

namespace AgentReadiness.EvalRunner.Grading;

/// <summary>A call that is expected.</summary>
/// <param name="Name">Of the tool.</param>
/// <param name="Arguments">What its arguments must have at least; null for any.</param>
internal sealed record ExpectedCall(string Name, JsonElement? Arguments)
{
    /// <summary>Whether a call is the expected one.</summary>
    public bool Matches(ToolCall call) =>
        call.Name == Name && (Arguments is not { } expected || (call.Arguments is { } actual && IsPart(expected, actual)));

    /// <summary>
    /// Every member of an object must be there, and a list must have as many elements; what else an object has does not count.
    /// </summary>
    private static bool IsPart(JsonElement expected, JsonElement actual) =>
        expected.ValueKind switch
        {
            JsonValueKind.Object => actual.ValueKind == JsonValueKind.Object
                && expected
                    .EnumerateObject()
                    .All(member => actual.TryGetProperty(member.Name, out var value) && IsPart(member.Value, value)),
            JsonValueKind.Array => actual.ValueKind == JsonValueKind.Array
                && expected.GetArrayLength() == actual.GetArrayLength()
                && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => IsPart(pair.First, pair.Second)),
            _ => JsonElement.DeepEquals(expected, actual),
        };
}

/// <summary>The tools that the agent says it called.</summary>
/// <param name="called">Each is a call of its own.</param>
/// <param name="inOrder">The calls come in the order of the list; others may come between.</param>
/// <param name="never">No call of these.</param>
/// <param name="only">No call of a tool that the list does not name.</param>
internal sealed class ToolCallsGrader(IReadOnlyList<ExpectedCall> called, bool inOrder, IReadOnlySet<string> never, bool only) : IGrader
{
    public ValueTask<Grade> GradeAsync(Answer answer, CancellationToken cancellationToken) => new(Grade(answer.ToolCalls));

    private Grade Grade(IReadOnlyList<ToolCall>? calls)
    {
        if (calls is null)
        {
            // An agent that hides its tools would pass every "never": silence is no proof.
            return called.Count > 0
                ? Grading.Grade.Fail("the answer tells of no tool call")
                : Grading.Grade.NotMeasured("the answer has no tool_calls, not even an empty list");
        }
        if (calls.Count(call => never.Contains(call.Name)) is > 0 and var forbidden)
            return Grading.Grade.Fail($"{forbidden} call(s) of a tool that must not be called");
        if (only && calls.Any(call => !called.Any(expected => expected.Name == call.Name)))
            return Grading.Grade.Fail("a call of a tool that is not expected");
        var found = inOrder ? InOrder(calls) : Assigned(calls);
        return found == called.Count
            ? Grading.Grade.Pass
            : Grading.Grade.Fail(
                $"{called.Count - found} of {called.Count} expected calls are missing{(inOrder ? " or out of order" : string.Empty)}"
            );
    }

    private int InOrder(IReadOnlyList<ToolCall> calls)
    {
        var next = 0;
        foreach (var call in calls)
        {
            if (next < called.Count && called[next].Matches(call))
                next++;
        }
        return next;
    }

    /// <summary>The most expectations that can have a call of their own: one call may fit several of them.</summary>
    private int Assigned(IReadOnlyList<ToolCall> calls)
    {
        var owner = Enumerable.Repeat(-1, calls.Count).ToArray();
        bool Assign(int expected, HashSet<int> tried)
        {
            for (var i = 0; i < calls.Count; i++)
            {
                if (!called[expected].Matches(calls[i]) || !tried.Add(i))
                    continue;
                if (owner[i] >= 0 && !Assign(owner[i], tried))
                    continue;
                owner[i] = expected;
                return true;
            }
            return false;
        }
        return Enumerable.Range(0, called.Count).Count(expected => Assign(expected, []));
    }
}
