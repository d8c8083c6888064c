using System.Globalization;
using System.Text.Json;
using AgentReadiness.Pricing;
using static AgentReadiness.Guardrail.Formats.JsonMembers;

namespace AgentReadiness.Guardrail.Formats;

/// <summary>
/// The results of tools that a model call brings: those behind the last word of the model, so that the history of a conversation is none.
/// Pure.
/// </summary>
internal static class ToolResults
{
    private const int MaxDepth = 256;

    /// <summary>A result.</summary>
    /// <param name="Tool">The tool's name, as the model called it.</param>
    /// <param name="Id">What tells it from other results of the conversation.</param>
    internal readonly record struct Result(string Tool, string Id);

    /// <summary>Reads a request's body; nothing where it cannot be read.</summary>
    public static IReadOnlyList<Result> Read(UsageApi api, ReadOnlyMemory<byte> body)
    {
        if (body.Length > OfferedTools.Longest || !MayHold(api, body.Span))
            return [];
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            var root = document.RootElement;
            return api switch
            {
                UsageApi.Chat => Chat(root),
                UsageApi.Responses => Responses(root),
                UsageApi.Messages => Messages(root),
                UsageApi.Gemini => Gemini(root),
                _ => [],
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return [];
        }
    }

    // Most calls bring none, and then nothing is taken apart.
    private static bool MayHold(UsageApi api, ReadOnlySpan<byte> body) =>
        api switch
        {
            UsageApi.Chat => body.IndexOf("\"tool\""u8) >= 0 || body.IndexOf("\"function\""u8) >= 0,
            UsageApi.Responses => body.IndexOf("call_output\""u8) >= 0,
            UsageApi.Messages => body.IndexOf("\"tool_result\""u8) >= 0,
            UsageApi.Gemini => body.IndexOf("\"functionResponse\""u8) >= 0 || body.IndexOf("\"function_response\""u8) >= 0,
            _ => false,
        };

    private static List<Result> Chat(JsonElement root)
    {
        var (names, found) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<Result>());
        var place = 0;
        foreach (var message in List(root, "messages"))
        {
            place++;
            switch (Text(message, "role"))
            {
                case "assistant":
                    found.Clear();
                    foreach (var call in List(message, "tool_calls"))
                    {
                        var body = Member(call, "function") ?? Member(call, "custom");
                        if (Text(call, "id") is { } id && body is { } named && Text(named, "name") is { } name)
                            names[id] = name;
                    }
                    break;
                case "tool":
                    var of = Text(message, "tool_call_id") ?? "";
                    if ((names.GetValueOrDefault(of) ?? Text(message, "name")) is { } tool)
                        found.Add(new Result(tool, of.Length > 0 ? of : At(place)));
                    break;
                case "function" when Text(message, "name") is { } old:
                    found.Add(new Result(old, At(place)));
                    break;
            }
        }
        return found;
    }

    private static List<Result> Responses(JsonElement root)
    {
        var (names, found) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<Result>());
        foreach (var item in List(root, "input"))
        {
            var (type, id) = (Text(item, "type"), Text(item, "call_id"));
            if (type is "function_call" or "custom_tool_call")
            {
                found.Clear();
                if (id is not null && Text(item, "name") is { } name)
                    names[id] = name;
            }
            else if (type is "function_call_output" or "custom_tool_call_output")
            {
                if (id is not null && names.TryGetValue(id, out var tool))
                    found.Add(new Result(tool, id));
            }
            else if (Text(item, "role") == "assistant")
            {
                found.Clear();
            }
        }
        return found;
    }

    private static List<Result> Messages(JsonElement root)
    {
        var (names, found) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<Result>());
        foreach (var message in List(root, "messages"))
        {
            var isModel = Text(message, "role") == "assistant";
            if (isModel)
                found.Clear();
            foreach (var block in List(message, "content"))
            {
                if (isModel && Text(block, "type") == "tool_use" && Text(block, "id") is { } id && Text(block, "name") is { } name)
                    names[id] = name;
                else if (!isModel && Text(block, "type") == "tool_result" && Text(block, "tool_use_id") is { } of)
                    if (names.TryGetValue(of, out var tool))
                        found.Add(new Result(tool, of));
            }
        }
        return found;
    }

    private static List<Result> Gemini(JsonElement root)
    {
        var found = new List<Result>();
        var place = 0;
        foreach (var content in List(root, "contents"))
        {
            if (Text(content, "role") == "model")
                found.Clear();
            foreach (var part in List(content, "parts"))
            {
                place++;
                if (
                    (Member(part, "functionResponse") ?? Member(part, "function_response")) is { } response
                    && Text(response, "name") is { } name
                )
                    found.Add(new Result(name, Text(response, "id") ?? At(place)));
            }
        }
        return found;
    }

    private static string At(int place) => place.ToString(CultureInfo.InvariantCulture);
}
