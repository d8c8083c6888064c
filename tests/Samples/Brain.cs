using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentReadiness.Samples.Provider;

namespace AgentReadiness.Samples;

/// <summary>What the sample model says: a text or a tool call.</summary>
public sealed record Thought(string? Text, string? ToolName, string? ToolArguments);

/// <summary>
/// A model small enough to read: it looks orders up if the system prompt tells it to use the tool, and otherwise says something plausible
/// and wrong, as a real one would.
/// </summary>
public static partial class Brain
{
    private const string OrderTool = "lookup_order";

    /// <summary>Answers a request. The same request gets the same answer.</summary>
    public static Thought Think(Ask ask, Directives directives)
    {
        var question = Directives.Strip(ask.Question);
        if (Judged().Match(question) is { Success: true } judged)
        {
            var meets = judged.Groups["answer"].Value.Contains(judged.Groups["word"].Value, StringComparison.OrdinalIgnoreCase);
            return new Thought(
                $$"""{"score": {{(meets ? 1 : 0)}}, "reason": "the rubric's word is {{(meets ? "there" : "missing")}}"}""",
                null,
                null
            );
        }
        var order = Order().Match(question);
        if (directives.Loop && ask.Tools.Count > 0)
        {
            var filler = Math.Max(0, ((directives.Tokens ?? 12) * 4) - 32);
            return new Thought(
                null,
                ask.Tools[0],
                $$"""{"order_id":"{{(order.Success ? order.Value : "#1001")}}","note":"{{new string('x', filler)}}"}"""
            );
        }
        if (ask.ToolResult is { } result)
            return Say(AnswerFromTool(result, question), directives);
        var usesTool =
            ask.System.Contains(OrderTool, StringComparison.Ordinal) || ask.System.Contains("the tool", StringComparison.OrdinalIgnoreCase);
        if (order.Success && ask.Tools.Contains(OrderTool) && usesTool)
            return new Thought(null, OrderTool, $$"""{"order_id":"{{order.Value}}"}""");
        return Say(AnswerFromMemory(question, order, ask.System), directives);
    }

    // A judge of one idea: the rubric says "Must mention: WORD".
    [GeneratedRegex(@"<rubric \w+>.*?Must mention: (?<word>[\w ]+).*?<answer \w+>\n(?<answer>.*?)\n</answer", RegexOptions.Singleline)]
    private static partial Regex Judged();

    private static string AnswerFromTool(string result, string question)
    {
        if (AsksForJson(question))
            return result.StartsWith('{') ? result : JsonSerializer.Serialize(result);
        return $"According to our records: {result}";
    }

    private static string AnswerFromMemory(string question, Match order, string system)
    {
        var text = order.Success
            ? $"Order {order.Value} is out for delivery and will arrive tomorrow."
            : Arithmetic(question)
                ?? (Greeting().IsMatch(question) ? "Hello! How can I help you with your order?" : null)
                ?? (
                    system.Contains("decline", StringComparison.OrdinalIgnoreCase)
                        ? "I can't help with that."
                        : $"Yes, certainly. As everybody knows, the answer is {SampleUsage.Tokens(question) * 7 % 100}."
                );
        return AsksForJson(question) ? $$"""{"answer":"{{JsonEncodedText.Encode(text)}}"}""" : text;
    }

    private static string? Arithmetic(string question)
    {
        var match = Sum().Match(question);
        if (!match.Success)
            return null;
        var a = long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        var b = long.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture);
        var value = match.Groups[2].Value switch
        {
            "+" => a + b,
            "-" => a - b,
            "/" when b != 0 => a / b,
            "/" => 0,
            _ => a * b,
        };
        return value.ToString(CultureInfo.InvariantCulture);
    }

    private static Thought Say(string text, Directives directives)
    {
        if (directives.Tokens is not { } tokens)
            return new Thought(text, null, null);
        // Exactly 4 bytes a token: the answer itself, then filler, or a part of the answer.
        var padded = new StringBuilder(text, tokens * 4);
        while (padded.Length < tokens * 4)
            padded.Append(" and so on");
        return new Thought(padded.ToString(0, tokens * 4), null, null);
    }

    private static bool AsksForJson(string question) => question.Contains("JSON", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"#\d{4,6}")]
    private static partial Regex Order();

    [GeneratedRegex(@"(\d{1,9})\s*([-+*x×/])\s*(\d{1,9})")]
    private static partial Regex Sum();

    [GeneratedRegex(@"^\s*(hi|hello|good (morning|evening))\b|say hello", RegexOptions.IgnoreCase)]
    private static partial Regex Greeting();
}
