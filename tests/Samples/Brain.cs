using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentReadiness.Samples;

/// <summary>What the sample model says: a text or a tool call.</summary>
public sealed record Thought(string? Text, string? ToolName, string? ToolArguments);

/// <summary>Orders that a test gives to the sample provider, in the last user message: [[name=value]].</summary>
/// <param name="Latency">The wait before the first byte.</param>
/// <param name="Pace">The wait between two chunks.</param>
/// <param name="Tokens">The exact number of output tokens, as far as the limit allows.</param>
/// <param name="Status">An error status instead of an answer.</param>
/// <param name="Cut">The connection is cut in the middle of the answer.</param>
/// <param name="Loop">Where tools are offered, always another tool call.</param>
public sealed partial record Directives(TimeSpan Latency, TimeSpan Pace, int? Tokens, int? Status, bool Cut, bool Loop)
{
    /// <summary>Reads the directives of a text.</summary>
    public static Directives Parse(string text)
    {
        TimeSpan latency = default, pace = default;
        int? tokens = null, status = null;
        bool cut = false, loop = false;
        foreach (Match match in Pattern().Matches(text))
        {
            var value = match.Groups[2].Value;
            switch (match.Groups[1].Value)
            {
                case "latency":
                    latency = Milliseconds(value);
                    break;
                case "pace":
                    pace = Milliseconds(value);
                    break;
                case "tokens":
                    tokens = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "status":
                    status = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "cut":
                    cut = true;
                    break;
                case "loop":
                    loop = true;
                    break;
                default:
                    break;
            }
        }
        return new Directives(latency, pace, tokens, status, cut, loop);
    }

    /// <summary>The text without its directives.</summary>
    public static string Strip(string text) => Pattern().Replace(text, "").Trim();

    private static TimeSpan Milliseconds(string value) => value.EndsWith("ms", StringComparison.Ordinal)
        ? TimeSpan.FromMilliseconds(double.Parse(value[..^2], CultureInfo.InvariantCulture))
        : TimeSpan.FromSeconds(double.Parse(value.TrimEnd('s'), CultureInfo.InvariantCulture));

    [GeneratedRegex(@"\[\[(\w+)(?:=([0-9.]+(?:ms|s)?))?\]\]")]
    private static partial Regex Pattern();
}

/// <summary>
/// A model small enough to read: it looks orders up if the system prompt tells it to use the tool, and otherwise says something plausible and wrong,
/// as a real one would.
/// </summary>
public static partial class Brain
{
    private const string OrderTool = "lookup_order";

    /// <summary>Answers a request. The same request gets the same answer.</summary>
    public static Thought Think(JsonElement request, Directives directives)
    {
        var messages = request.GetProperty("messages").EnumerateArray().ToList();
        var system = string.Join('\n', messages.Where(m => Chat.Role(m) is "system" or "developer").Select(Chat.Text));
        var question = Directives.Strip(Chat.Text(messages.FindLast(m => Chat.Role(m) == "user") is { ValueKind: JsonValueKind.Object } u ? u : default));
        if (Judged().Match(question) is { Success: true } judged)
        {
            var meets = judged.Groups["answer"].Value.Contains(judged.Groups["word"].Value, StringComparison.OrdinalIgnoreCase);
            return new Thought($$"""{"score": {{(meets ? 1 : 0)}}, "reason": "the rubric's word is {{(meets ? "there" : "missing")}}"}""", null, null);
        }
        var tools = Tools(request);
        var order = Order().Match(question);
        if (directives.Loop && tools.Count > 0)
        {
            var filler = Math.Max(0, ((directives.Tokens ?? 12) * 4) - 32);
            return new Thought(null, tools[0], $$"""{"order_id":"{{(order.Success ? order.Value : "#1001")}}","note":"{{new string('x', filler)}}"}""");
        }
        if (Chat.Role(messages[^1]) == "tool")
            return Say(AnswerFromTool(Chat.Text(messages[^1]), question), directives);
        var usesTool = system.Contains(OrderTool, StringComparison.Ordinal) || system.Contains("the tool", StringComparison.OrdinalIgnoreCase);
        if (order.Success && tools.Contains(OrderTool) && usesTool)
            return new Thought(null, OrderTool, $$"""{"order_id":"{{order.Value}}"}""");
        return Say(AnswerFromMemory(question, order, system), directives);
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
            ?? (system.Contains("decline", StringComparison.OrdinalIgnoreCase)
                ? "I can't help with that."
                : $"Yes, certainly. As everybody knows, the answer is {SampleUsage.Tokens(question) * 7 % 100}.");
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

    private static List<string> Tools(JsonElement request) => request.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array
        ? [.. tools.EnumerateArray().Select(t => t.GetProperty("function").GetProperty("name").GetString()!)]
        : [];

    [GeneratedRegex(@"#\d{4,6}")]
    private static partial Regex Order();

    [GeneratedRegex(@"(\d{1,9})\s*([-+*x×/])\s*(\d{1,9})")]
    private static partial Regex Sum();

    [GeneratedRegex(@"^\s*(hi|hello|good (morning|evening))\b|say hello", RegexOptions.IgnoreCase)]
    private static partial Regex Greeting();
}
